"""What people fill in about places and people."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserCreationForm
from unfold.widgets import UnfoldAdminSingleDateWidget

from scrm import clock
from stores.models import Person, Role, Seat, Store


class StoreOpeningForm(forms.ModelForm):
    """A new store, with the day on which it opens."""

    opens_on = forms.DateField(
        label=_("opens on"),
        widget=UnfoldAdminSingleDateWidget,
        initial=lambda: clock.day_of(clock.now()),
        help_text=_("From this day on its numbers count for its region."),
    )

    class Meta:
        model = Store
        fields = ("name", "code", "region", "city", "address")


class PersonCreationForm(UserCreationForm):
    """A new person, who may do nothing until a seat is given to her."""

    class Meta:
        model = Person
        fields = ("username", "name")


def place_of(role: str) -> str | None:
    """The field that says where a seat of this role stands; None for the brand's."""
    if role in Role.at_brand():
        return None
    return {Role.REGION_MANAGER.value: "region", Role.FRANCHISE_OWNER.value: "franchisee"}.get(role, "store")


class SeatForm(forms.ModelForm):
    """A seat to be given: a role and its place."""

    class Meta:
        model = Seat
        fields = ("role", "region", "franchisee", "store")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        wanted = place_of(said["role"]) if said.get("role") else None
        for name in ("region", "franchisee", "store"):
            if said.get("role") and bool(said.get(name)) != (name == wanted):
                missing, needless = _("This role needs it."), _("This role does not stand here; leave it empty.")
                self.add_error(name, missing if name == wanted else needless)
        self.instance.place = {wanted: said[wanted]} if wanted and said.get(wanted) else {}
        return said
