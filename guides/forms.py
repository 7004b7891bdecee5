"""What people fill in about channel codes."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from guides import codes
from guides.models import Code, Guide
from members.models import Tag
from scrm import clock
from stores.models import Store


class CodeForm(forms.ModelForm):
    """A code's words and people. The verbs of `codes` save it, since WeCom must be told."""

    guides = forms.ModelMultipleChoiceField(
        Guide.objects.none(),
        label=_("guides"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Customers are shared out among them. A store's code needs none: it follows the store's postings."),
    )

    class Meta:
        model = Code
        fields: tuple[str, ...] = ("name", "guides", "skip_verify", "remark", "tags")
        labels = {"skip_verify": _("Customers are added at once")}
        help_texts = {"skip_verify": _("Otherwise each guide confirms each customer in WeCom.")}
        widgets = {"tags": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["guides"] = [stand.guide_id for stand in self.instance.code_guides.all()]
            if self.instance.kind == Code.Kind.STORE:
                self.fields.pop("guides", None)
        if "tags" in self.fields:  # the corp's tags are everybody's
            living = Tag.objects.filter(kind=Tag.Kind.WECOM, deleted_at=None)
            self.fields["tags"].queryset = living.select_related("group")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        store, kind = said.get("store", self.store), said.get("kind", self.instance.kind)
        if kind == Code.Kind.STORE.value:
            said["guides"] = Guide.objects.none()
        if store and kind and "guides" in said:
            try:
                codes.check(kind, store, list(said["guides"]), corp=self.instance.corp if self.instance.pk else None)
            except codes.CannotBe as why:
                self.add_error("guides", ValidationError(str(why)))
        return said

    @property
    def store(self) -> Store | None:
        return self.instance.store if self.instance.store_id else None

    def create(self, *, by: Any) -> Code:
        return codes.create(**self._said(store=self.store), by=by, at=clock.now())

    def change(self, *, by: Any) -> Code:
        return codes.change(self.instance, **self._said(), by=by, at=clock.now())

    def _said(self, **more: Any) -> dict[str, Any]:
        said = {**more, **self.cleaned_data}
        return said | {name: list(said[name]) for name in ("guides", "tags") if name in said}


class NewCodeForm(CodeForm):
    """A new code of a store that is known already."""

    kind = forms.ChoiceField(
        label=_("leads to"),
        choices=[(kind.value, kind.label) for kind in (Code.Kind.STORE, Code.Kind.GUIDE, Code.Kind.GUIDES)],
        widget=forms.RadioSelect,
    )

    class Meta(CodeForm.Meta):
        fields = ("kind", "name", "guides", "skip_verify", "remark", "tags")
