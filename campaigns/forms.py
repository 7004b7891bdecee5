"""What people fill in about welcomes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget

from campaigns import media
from campaigns.models import Attachment, Welcome
from stores.scope import scope_of


class WelcomeForm(forms.ModelForm):
    """A welcome; below HQ it needs a store, since the brand's is HQ's."""

    viewer: Any = None

    class Meta:
        model = Welcome
        fields = ("name", "store", "code", "text", "active")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        is_hq = scope_of(self.viewer).everything
        if not is_hq and not said.get("store") and not said.get("code") and not self.errors:
            self.add_error("store", _("Choose a store or a channel code; the brand's welcome is written by HQ."))
        return said


class AttachmentForm(forms.ModelForm):
    """What follows the text; its picture comes as a file."""

    picture_file = forms.FileField(
        label=_("picture"),
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text=_("PNG or JPG up to 10 MB, for a picture or a mini-program's card."),
    )

    class Meta:
        model = Attachment
        fields = ()  # the desk names them

    def clean_picture_file(self) -> bytes | None:
        file = self.cleaned_data.get("picture_file")
        return media.looked_at(file.read()) if file else None

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("picture_file"):
            self.instance.picture = said["picture_file"]
        return said
