from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scrm.wecom import corps
from scrm.wecom.models import App, Corp, Receiver
from scrm.wecom.models.corps import AES_KEY_FORM, TOKEN_FORM


class SecretField(forms.CharField):
    """A secret that is written and never shown; left empty, it stays what it was."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "class": "vTextField"})
        super().__init__(widget=widget, help_text=_("Never shown. Leave it empty to keep the present one."), **kwargs)


class _SecretsForm(forms.ModelForm):
    secrets: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.secrets:
            self.initial.pop(name, None)
            self.fields[name].required = self.instance._state.adding

    def clean(self) -> dict[str, Any]:
        """An empty secret is the one of before."""
        said = super().clean() or {}
        for name in self.secrets:
            said[name] = said.get(name) or getattr(self.instance, name)
        return said


class CorpForm(forms.ModelForm):
    class Meta:
        model = Corp
        fields = (
            *("corp_id", "name", "api_base_url", "staff_number_attribute", "staff_number_required"),
            *("contacts_included", "contact_price_fen"),
        )

    def clean_api_base_url(self) -> str:
        """Secrets go to this address."""
        url: str = self.cleaned_data["api_base_url"].rstrip("/")
        try:
            corps.check_api_address(url)
        except ValueError:
            raise forms.ValidationError(_("The API address must begin with https://.")) from None
        return url


class AppForm(_SecretsForm):
    secrets = ("secret",)
    secret = SecretField(label=_("secret"), min_length=8, max_length=128)

    class Meta:
        model = App
        fields = ("corp", "agent_id", "name", "secret")


class ReceiverForm(_SecretsForm):
    secrets = ("token", "aes_key")
    token = SecretField(label="Token", validators=[TOKEN_FORM])
    aes_key = SecretField(label="EncodingAESKey", validators=[AES_KEY_FORM])

    class Meta:
        model = Receiver
        fields = ("corp", "app", "slug", "token", "aes_key")

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if said.get("app") and said.get("corp") and said["app"].corp_id != said["corp"].pk:
            self.add_error("app", _("This app belongs to another corp."))
        return said
