from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from scrm import clock
from scrm.wecom import front, receivers

# Tests change receivers and roll them back, so they look each time.
book = receivers.Book(front.load_through_django, *((0.0, 0.0) if settings.PROFILE == "test" else ()))


@csrf_exempt
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """The receiver's address where Django itself serves it; scrm.wsgi answers before it comes to this."""
    said = front.answer(
        request.method or "",
        request.path,
        request.META.get("QUERY_STRING", "").encode("latin-1"),
        lambda: front.read_within_limit(request),
        book=book,
        put=front.put_through_django,
        at=clock.now(),
    )
    response = HttpResponse(said.body, status=int(said.status[:3]), content_type="text/plain")
    for name, value in said.headers:
        response[name] = value
    return response
