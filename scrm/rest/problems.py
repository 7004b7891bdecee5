"""What went wrong, said as application/problem+json (RFC 9457) by every door of the API."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import defaults
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

MEDIA_TYPE = "application/problem+json"


class WrongCredentials(exceptions.APIException):
    """Sign-in name and password do not belong together, or the person has left: nobody learns which."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_detail = gettext_lazy("Sign-in name or password is wrong.")
    default_code = "wrong_credentials"
    auth_header = "Token"


class SecondFactorNeeded(exceptions.APIException):
    """The password is right; `otp` is missing, or wrong or used already."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_detail = gettext_lazy("A code of your authenticator app is needed: send it as “otp”, each code once.")
    default_code = "second_factor_needed"
    auth_header = "Token"


class SecondFactorMissing(exceptions.APIException):
    """The password is right; this person may not use it before she has set up a second factor."""

    status_code = HTTPStatus.FORBIDDEN
    default_detail = gettext_lazy(
        "Sign in on the web once and set up an authenticator app; tokens are given after that."
    )
    default_code = "second_factor_missing"


class TooLarge(exceptions.APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is too large.")
    default_code = "too_large"


class Conflict(exceptions.APIException):
    status_code = HTTPStatus.CONFLICT
    default_detail = gettext_lazy("This cannot be done now.")
    default_code = "conflict"


class Unavailable(exceptions.APIException):
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = gettext_lazy("The database does not answer.")
    default_code = "unavailable"
    wait = 5


def answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    """The problem document of what a view raised; None for what nobody foresaw (Django makes that a 500)."""
    problem = _known(exc)
    if problem is None:
        return None
    said = document(problem, context["request"].path)
    return Response(said, problem.status_code, headers=_headers(problem), content_type=MEDIA_TYPE)


def document(problem: exceptions.APIException, path: str) -> dict[str, Any]:
    """type, title, status, detail, and `errors` by field; a 404 is the same for every path."""
    code = getattr(problem, "default_code", "error")
    said: dict[str, Any] = {
        "type": f"urn:zhanggui:problem:{code.replace('_', '-')}",
        "title": HTTPStatus(problem.status_code).phrase,
        "status": int(problem.status_code),
    }
    if isinstance(problem, exceptions.ValidationError):
        said["detail"] = _("The request says something that cannot be.")
        said["errors"] = _by_field(problem.detail)
    else:
        said["detail"] = str(problem.detail)
    if problem.status_code != HTTPStatus.NOT_FOUND:
        said["instance"] = path
    return said


def _known(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, exceptions.APIException) and exc.status_code != HTTPStatus.NOT_FOUND:
        return exc
    if isinstance(exc, Http404 | exceptions.NotFound):
        return exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, RequestDataTooBig):
        return TooLarge()
    return Unavailable() if isinstance(exc, OperationalError) else None


def _headers(problem: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if authenticate := getattr(problem, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    if wait := getattr(problem, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def _by_field(detail: Any) -> dict[str, Any]:
    return detail if isinstance(detail, dict) else {"non_field_errors": detail}


def page(request: HttpRequest, problem: exceptions.APIException) -> HttpResponse:
    """A problem outside of any API view, in the same bytes as inside."""
    body = JSONRenderer().render(document(problem, request.path))
    return HttpResponse(body, content_type=MEDIA_TYPE, status=problem.status_code)


def _of_the_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _of_the_api(request):
        return page(request, _known(exception) or exceptions.ParseError(_("The request cannot be read.")))
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _of_the_api(request):
        return page(request, exceptions.PermissionDenied())
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _of_the_api(request):
        return page(request, exceptions.NotFound())
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if _of_the_api(request):
        return page(request, exceptions.APIException())
    return defaults.server_error(request)
