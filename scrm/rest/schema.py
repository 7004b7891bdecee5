"""The OpenAPI document says what every operation has: its problems, its key, its token."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from scrm.rest.answers import HEADER
from scrm.rest.problems import MEDIA_TYPE


class Problem(serializers.Serializer):
    """RFC 9457; `errors` (by field) comes with 400, `instance` with all but 404."""

    type = serializers.CharField(help_text="urn:zhanggui:problem:…")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(required=False)
    errors: Any = serializers.DictField(required=False)


class Schema(AutoSchema):
    """Adds the problems that a door can answer, and the Idempotency-Key where a write takes one."""

    def get_override_parameters(self) -> list[Any]:
        said = _("The same key with the same body is done once, and answered alike for 24 hours.")
        return (
            [OpenApiParameter(HEADER, str, OpenApiParameter.HEADER, description=str(said))] if self._takes_key() else []
        )

    def get_description(self) -> str:  # type: ignore[override]
        return str(getattr(self.view, "says", "")) or super().get_description()

    def _takes_key(self) -> bool:
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        return getattr(handler, "takes_key", False)

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status in self._problems():
            bodies[status] = self._get_response_for_code(Problem, status, [MEDIA_TYPE], direction)
        return bodies

    def _problems(self) -> list[str]:
        codes = ["400", "401"]
        if self.get_auth():
            codes.append("403")
        if "{" in self.path or getattr(self.view, "may_miss", False):
            codes.append("404")
        if self._takes_key():
            codes += ["409", "422"]
        if self.method in ("POST", "PUT", "PATCH"):
            codes += ["413", "415"]
        return sorted([*codes, "429"] if getattr(self.view, "throttle_classes", None) else codes)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "stores.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> Any:
        return build_bearer_security_scheme_object("Authorization", "Token")
