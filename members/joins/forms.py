"""What the registration page asks, and what of it was answered well."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members import fields, phones
from members.ages import grown_up_on
from members.models import Consent, Field, JoinForm, Terms
from members.terms import ASKED

Purpose = Consent.Purpose
OLDEST = date(1900, 1, 1)


def asked(terms: Terms) -> dict[str, str]:
    """The purposes that she may tick, each with its text; service comes with registering."""
    return {p: terms.purposes[p] for p in ASKED if p in terms.purposes and p != Purpose.SERVICE}


class PhoneForm(forms.Form):
    """The phone alone, for a code."""

    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=32)

    def clean_phone(self) -> str:
        try:
            return phones.normalised(self.cleaned_data["phone"])
        except phones.NotAPhone:
            raise forms.ValidationError(_("This is no phone number that we know. Look at its digits.")) from None


class RegisterForm(PhoneForm):
    """The whole page. Nothing is ticked before she does it."""

    code = forms.CharField(required=False, max_length=12)
    name = forms.CharField(label=gettext_lazy("What may we call you?"), required=False, max_length=40)
    birthday = forms.DateField(label=gettext_lazy("Birthday"), required=False)
    agrees = forms.BooleanField(required=False)
    guardian = forms.BooleanField(required=False)
    trap = forms.CharField(required=False)  # no person sees it

    def __init__(self, data: Mapping[str, Any] | None = None, *, terms: Terms, page: JoinForm, today: date) -> None:
        super().__init__(data)
        self.terms, self.today, self.is_minor = terms, today, False
        if not page.asks_name:
            del self.fields["name"]
        if not page.asks_birthday:
            del self.fields["birthday"]
        self.own = list(Field.objects.filter(key__in=page.fields, is_active=True))
        for one in self.own:
            self.fields[f"field_{one.key}"] = forms.CharField(label=one.name, required=False, max_length=300)
        for purpose in asked(terms):
            self.fields[f"allows_{purpose}"] = forms.BooleanField(required=False)

    def clean_birthday(self) -> date | None:
        said: date | None = self.cleaned_data["birthday"]
        if said and not OLDEST <= said <= self.today:
            raise forms.ValidationError(_("Nobody is born on that day."))
        self.is_minor = bool(said and grown_up_on(said) > self.today)
        return said

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].replace("\0", "").split())

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if not told.get("agrees"):
            self.add_error("agrees", _("Tick this to register; nothing was kept."))
        for one in self.own:
            self._read(one, told)
        if self.is_minor and not told.get("guardian"):
            self.add_error("guardian", _("You are under 14: your mother, father or guardian ticks this with you."))
        return told

    def _read(self, one: Field, told: dict[str, Any]) -> None:
        """A custom field's value in its own kind; what does not fit is said beside it."""
        said = told.get(f"field_{one.key}", "").replace("\0", "")
        try:
            told[f"field_{one.key}"] = fields.read(one, said) if said else None
        except fields.Wrong:
            self.add_error(f"field_{one.key}", _("This does not fit; look at it again, or leave it out."))

    def answers(self) -> dict[Field, Any]:
        """The custom fields that she filled."""
        return {one: self.cleaned_data[f"field_{one.key}"] for one in self.own}

    def extras(self) -> list[dict[str, Any]]:
        """The custom fields as the page draws them."""
        return [
            {
                "one": one,
                "name": f"field_{one.key}",
                "value": self.data.get(f"field_{one.key}", ""),
                "errors": self.errors.get(f"field_{one.key}"),
            }
            for one in self.own
        ]

    @property
    def allows(self) -> list[str]:
        """What she ticked."""
        ticked = [p for p in asked(self.terms) if self.cleaned_data[f"allows_{p}"]]
        guarded = [Purpose.MINOR_GUARDIAN] if self.is_minor and self.cleaned_data["guardian"] else []
        return [Purpose.SERVICE, *ticked, *guarded]

    @property
    def was_asked(self) -> list[str]:
        return [Purpose.SERVICE, *asked(self.terms), *([Purpose.MINOR_GUARDIAN] if self.is_minor else [])]
