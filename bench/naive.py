"""For scale: how most would write the callback first. A Django view that decrypts with the library and does the work
in the request, row by row with the ORM, in one transaction. It calls no WeCom API, which real ones do as well.
"""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402  needs the app registry
from django.db import transaction  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from wechatpy.work.crypto import WeChatCrypto  # noqa: E402

from bench import letters, row_by_row  # noqa: E402
from scrm.wecom import events  # noqa: E402

crypto = WeChatCrypto(letters.TOKEN, letters.AES_KEY, letters.CORP_ID)


@csrf_exempt
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    said = request.GET
    xml = crypto.decrypt_message(request.body, said["msg_signature"], said["timestamp"], said["nonce"])
    xml = xml if isinstance(xml, bytes) else xml.encode()
    with transaction.atomic():
        row_by_row.take(xml, events.parse(xml))
    return HttpResponse("success")


urlpatterns = [path("wecom/callback/<slug:slug>/", callback)]


class application_of_its_own(WSGIHandler):
    """Django with these URLs instead of the product's."""

    def get_response(self, request: Any) -> Any:
        request.urlconf = __name__
        return super().get_response(request)


application = application_of_its_own()
