import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from scrm.wecom import corps
from scrm.wecom.forms import SecretField
from scrm.wecom.models.corps import PROOF_FORM

CORP_ID = re.compile(r"w[a-z][0-9A-Za-z_-]{14,62}")  # ww and 16 digits; what is shorter was mistyped
FILE_NAME = re.compile(r"WW_verify_([0-9A-Za-z]{1,64})\.txt")


class CorpForm(forms.Form):
    """Which corp."""

    corp_id = forms.CharField(label=_("Corp id"), max_length=64, help_text=_("It begins with ww."))
    name = forms.CharField(label=_("What you call it"), max_length=100)
    api_base_url = forms.CharField(
        label=_("API address"), required=False, help_text=_("Only for a private deployment or a sandbox; else empty.")
    )

    def clean_corp_id(self) -> str:
        """Stricter than the command is: what is begun here stands on every page, and nobody can take it away."""
        said = str(self.cleaned_data["corp_id"]).strip()
        if not CORP_ID.fullmatch(said):
            raise forms.ValidationError(_("This is no corp id: it begins with ww and has 18 letters and digits."))
        return said

    def clean_api_base_url(self) -> str:
        wrong = _("The API address must begin with https://.")
        return _checked(corps.check_api_address, self.cleaned_data["api_base_url"].strip().rstrip("/"), wrong)


class AppForm(forms.Form):
    """The app that speaks for us."""

    agent_id = forms.IntegerField(label="AgentId", min_value=0, max_value=2**31 - 1)
    secret = SecretField(label="Secret", max_length=128, required=False)

    def __init__(self, *args: Any, known: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        if known is None:
            self.fields["secret"].help_text = _("It is stored encrypted and never shown again.")

    def clean_secret(self) -> str:
        said = self.cleaned_data["secret"].strip()
        if not said and self.known:
            return str(self.known.secret)
        return _checked(corps.check_secret, said, _("This is no secret: it has 43 letters and digits."))


class ProofForm(forms.Form):
    """WeCom's proof file, as it was downloaded, or what stands in it."""

    file = forms.FileField(label="WW_verify_….txt", required=False)
    text = forms.CharField(label=_("or its name or content"), required=False, max_length=120)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        said["code"] = self._code(said)
        return said

    def _code(self, said: dict[str, Any]) -> str:
        file, text = said.get("file"), (said.get("text") or "").strip()
        if file is not None:
            text = file.read(200).decode("ascii", "replace").strip()
        named = FILE_NAME.fullmatch(text)
        code = named[1] if named else text
        try:
            PROOF_FORM(code)
        except forms.ValidationError:
            raise forms.ValidationError(_("This is not WeCom's proof file.")) from None
        return code


def _checked(check: Any, value: str, wrong: Any) -> str:
    try:
        check(value)
    except ValueError:
        raise forms.ValidationError(wrong) from None
    return value


def shows_api_address() -> bool:
    """A real installation speaks to WeCom itself; the address is for trials."""
    return not settings.PRODUCTION
