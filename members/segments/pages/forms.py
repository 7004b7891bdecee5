"""What people fill in to ask for an audience pack."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.models import Pack
from members.segments.packs import DAYS_AT_MOST


class PackForm(forms.Form):
    """For which platform, what for, which ids, for how long."""

    platform = forms.ChoiceField(label=_("platform"), choices=Pack.Platform)
    use = forms.ChoiceField(label=_("purpose"), choices=Pack.Use, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("what for"), max_length=200, help_text=_("The campaign, in a sentence; who decides reads it.")
    )
    ids = forms.ChoiceField(
        label=_("ids"), choices=Pack.Ids, widget=forms.RadioSelect, initial=Pack.Ids.PHONE,
        help_text=_("Each is handed on as its SHA-256 in hex; a phone in the form +8613800000000."),
    )  # fmt: skip
    app = forms.CharField(
        label=_("app id"), max_length=64, required=False, help_text=_("For openids only: the app to which they belong.")
    )
    salt = forms.CharField(
        label=_("salt"), max_length=100, required=False, strip=True,
        help_text=_("If the platform wants one: put before each id, kept sealed, forgotten when the pack ends."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    days = forms.IntegerField(label=_("link lasts, days"), min_value=1, max_value=DAYS_AT_MOST, initial=7)

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if (told.get("ids") == Pack.Ids.OPENID) != bool(told.get("app")):
            self.add_error("app", _("Openids belong to one app: name its id, and only then."))
        return told
