"""What people say of a source: each field of its map is one that we know, each option one that its adapter takes."""

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.adapters import ADAPTERS, pos
from members.models import Source
from members.models.sources import A_CODE
from stores.models import Person, Store

EVERY = [
    ("", gettext_lazy("nobody knows")),
    ("60", gettext_lazy("every hour")),
    ("360", gettext_lazy("every 6 hours")),
    ("1440", gettext_lazy("every day")),
    ("2880", gettext_lazy("every 2 days")),
    ("10080", gettext_lazy("every week")),
]
MAPS = ("stores", "kinds")  # options that are maps of texts
EMPTY: dict[str, str] = {}


class SourceForm(forms.Form):
    """`said()` is what the verb takes."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=40, validators=[A_CODE])
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Source.Kind.choices)
    adapter = forms.ChoiceField(label=gettext_lazy("Adapter"), required=False)
    owner = forms.ModelChoiceField(
        Person.objects.none(), label=gettext_lazy("Responsible"), required=False, to_field_name="public_id"
    )
    every = forms.ChoiceField(label=gettext_lazy("Delivers at least"), choices=EVERY, required=False)
    error_percent = forms.IntegerField(
        label=gettext_lazy("Alarm from % refused"), min_value=1, max_value=100, initial=5
    )
    fields_map = forms.CharField(
        label=gettext_lazy("Field map"), required=False, max_length=5000, widget=forms.Textarea
    )
    options = forms.CharField(label=gettext_lazy("Options"), required=False, max_length=20000, widget=forms.Textarea)

    def __init__(self, data: Any = None, *, source: Source | None = None) -> None:
        super().__init__(data, initial=_initial(source) if source else None)
        self.source = source
        choices: Any = [("", gettext_lazy("none")), *((one.name, one.title) for one in ADAPTERS.values())]
        self.fields["adapter"].choices = choices  # type: ignore[attr-defined]
        self.fields["owner"].queryset = Person.objects.filter(is_active=True)  # type: ignore[attr-defined]
        if source:
            del self.fields["code"]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if Source.objects.filter(code=code).exists():
            raise forms.ValidationError(_("There is a source with this code."))
        return code

    def clean_every(self) -> timedelta | None:
        return timedelta(minutes=int(minutes)) if (minutes := self.cleaned_data["every"]) else None

    def clean_fields_map(self) -> dict[str, str]:
        said = _object(self.cleaned_data["fields_map"])
        for name, title in said.items():
            if name not in pos.FIELDS:
                raise forms.ValidationError(_("We have no field “%(name)s”.") % {"name": name})
            if not isinstance(title, str) or not title.strip() or len(title) > 60:
                raise forms.ValidationError(_("The column of “%(name)s” is no text.") % {"name": name})
        if len(set(said.values())) < len(said):
            raise forms.ValidationError(_("A column stands for two fields."))
        return {name: title.strip() for name, title in said.items()}

    def clean_options(self) -> dict[str, Any]:
        said = _object(self.cleaned_data["options"])
        for name, value in said.items():
            is_map = isinstance(value, dict) and all(isinstance(v, str) and len(v) <= 60 for v in value.values())
            if not (is_map if name in MAPS else isinstance(value, str) and len(value) <= 60):
                raise forms.ValidationError(_("“%(name)s” is not as the adapter takes it.") % {"name": name})
        return said

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        adapter = ADAPTERS.get(said.get("adapter") or "")
        if unknown := set(said.get("options") or EMPTY) - set(adapter.options if adapter else EMPTY):
            self.add_error("options", _("The adapter does not take “%(name)s”.") % {"name": min(unknown)})
        if said.get("kind") == Source.Kind.ADAPTER and not adapter:
            self.add_error("adapter", _("Choose in whose words it pushes."))
        if adapter and adapter.maps and "fields_map" in said:
            for name in [name for name in pos.NEEDED if name not in said["fields_map"]]:
                self.add_error("fields_map", _("A column for “%(name)s” is needed.") % {"name": name})
        for code in _stores(said.get("options") or EMPTY):
            self.add_error("options", _("There is no store “%(code)s”.") % {"code": code})
        return said

    def said(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        said["expected_every"], said["fields"] = said.pop("every"), said.pop("fields_map")
        return said


def _stores(options: dict[str, Any]) -> list[str]:
    """The stores that the options name and that there are not."""
    named = {options["store"]} if isinstance(options.get("store"), str) else set()
    named |= set(options["stores"].values()) if isinstance(options.get("stores"), dict) else set()
    return sorted(named - set(Store.objects.filter(code__in=named).values_list("code", flat=True)))


def _object(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise forms.ValidationError(_('This is no JSON object, such as {"number": "小票号"}.')) from None
    if not isinstance(said, dict):
        raise forms.ValidationError(_('This is no JSON object, such as {"number": "小票号"}.'))
    return said


def _initial(source: Source) -> dict[str, Any]:
    every = source.expected_every
    return {
        "name": source.name,
        "kind": source.kind,
        "adapter": source.adapter,
        "owner": source.owner.public_id if source.owner else None,
        "every": str(int(every.total_seconds() // 60)) if every else "",
        "error_percent": source.error_percent,
        "fields_map": _written(source.fields),
        "options": _written(source.options),
    }


def _written(said: dict[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, indent=1) if said else ""
