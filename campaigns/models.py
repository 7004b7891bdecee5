"""What we say: the welcome that a customer reads in the seconds after her scan."""

import hashlib
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guides.models import Code
from scrm.ids import PublicId
from scrm.wecom.models import Corp
from stores.models import Store
from stores.scope import ScopedQuerySet

TEXT_BYTES = 4000
ATTACHMENTS = 9
PLACEHOLDERS = ("guide", "store", "brand")
PLACEHOLDER = re.compile(r"\{(\w*)\}")


def fits(text: str, limit: int) -> None:
    """Raises ValidationError for a text of more bytes than WeCom takes."""
    if (size := len(text.encode())) > limit:
        raise ValidationError(
            _("%(size)s bytes; WeCom takes %(limit)s (a Chinese character counts as three)."),
            params={"size": size, "limit": limit},
        )


class Welcome(models.Model):
    """What is said to a new customer: of one code, of a store's, or of the whole brand. The nearest is said."""

    store_path = "store"

    public_id = PublicId("w_")
    name = models.CharField(_("name"), max_length=60, help_text=_("For yourselves; customers do not see it."))
    store = models.ForeignKey(
        Store,
        models.CASCADE,
        verbose_name=_("store"),
        null=True,
        blank=True,
        related_name="welcomes",
        help_text=_("Leave it empty for the whole brand."),
    )
    code = models.ForeignKey(
        Code,
        models.CASCADE,
        verbose_name=_("channel code"),
        null=True,
        blank=True,
        related_name="welcomes",
        help_text=_("Only for customers of this code; its store is filled in."),
    )
    text = models.TextField(
        _("text"), help_text=_("{guide}, {store} and {brand} become their names. At most 4,000 bytes.")
    )
    active = models.BooleanField(_("in use"), default=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("welcome")
        verbose_name_plural = _("welcomes")
        ordering = ["store", "code", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["store", "code"],
                condition=Q(active=True),
                nulls_distinct=False,
                name="a_place_has_one_welcome_in_use",
                violation_error_message=_("This place already has a welcome in use; change that one or switch it off."),
            ),
            models.CheckConstraint(
                condition=Q(code=None) | Q(store__isnull=False), name="a_welcome_of_a_code_knows_its_store"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.place_with_its_code()
        if unknown := [word for word in PLACEHOLDER.findall(self.text) if word not in PLACEHOLDERS]:
            said = _("{%(word)s} is not known; use {guide}, {store} or {brand}.")
            raise ValidationError({"text": ValidationError(said, params={"word": unknown[0]})})
        _fields_fit(self, {"text": TEXT_BYTES})

    def place_with_its_code(self) -> None:
        if self.code_id:
            self.store_id = self.code.store_id  # type: ignore[union-attr]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.place_with_its_code()
        super().save(*args, **kwargs)

    @property
    def level(self) -> Any:
        """The place for which it holds, in words."""
        return _("channel code") if self.code_id else _("store") if self.store_id else _("brand")


class Attachment(models.Model):
    """What follows the text of a welcome: a picture, a link or a mini-program's card."""

    store_path = "welcome__store"

    class Kind(models.TextChoices):
        IMAGE = "image", _("picture")
        LINK = "link", _("link")
        MINIPROGRAM = "miniprogram", _("mini-program")

    # What each kind needs, and the bytes that WeCom takes.
    NEEDS = {
        Kind.IMAGE: ("picture",),
        Kind.LINK: ("title", "url"),
        Kind.MINIPROGRAM: ("title", "appid", "page", "picture"),
    }
    LIMITS = {
        Kind.IMAGE: {},
        Kind.LINK: {"title": 128, "description": 512, "url": 2048, "picture_url": 2048},
        Kind.MINIPROGRAM: {"title": 64},
    }

    public_id = PublicId("wa_")
    welcome = models.ForeignKey(Welcome, models.CASCADE, verbose_name=_("welcome"), related_name="attachments")
    rank = models.SmallIntegerField(_("rank"), default=0)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    title = models.CharField(_("title"), max_length=128, blank=True)
    description = models.CharField(_("description"), max_length=512, blank=True)
    url = models.URLField(_("link address"), max_length=2048, blank=True)
    picture_url = models.URLField(_("address of the link's picture"), max_length=2048, blank=True)
    appid = models.CharField(
        _("mini-program AppID"),
        max_length=18,
        blank=True,
        validators=[RegexValidator(r"^wx[0-9a-f]{16}$", _("“wx” and sixteen digits or letters a to f"))],
    )
    page = models.CharField(_("mini-program page"), max_length=1024, blank=True)
    picture = models.BinaryField(_("picture"), null=True, blank=True)
    picture_digest = models.CharField(max_length=64, blank=True, editable=False)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return self.title or str(self.get_kind_display())

    @property
    def is_uploaded(self) -> bool:
        """Whether WeCom must hold its picture before it can be sent."""
        return self.kind in (self.Kind.IMAGE, self.Kind.MINIPROGRAM)

    def clean(self) -> None:
        missing = [name for name in self.NEEDS.get(self.kind, ()) if not getattr(self, name)]  # type: ignore[call-overload]
        if missing:
            names = ", ".join(str(self._meta.get_field(name).verbose_name) for name in missing)  # type: ignore[union-attr]
            raise ValidationError(_("Still missing: %(names)s"), params={"names": names})
        _fields_fit(self, self.LIMITS.get(self.kind, {}))  # type: ignore[call-overload]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if "picture" not in self.get_deferred_fields():
            self.picture_digest = hashlib.sha256(self.picture).hexdigest() if self.picture else ""
        super().save(*args, **kwargs)


def _fields_fit(row: models.Model, limits: dict[str, int]) -> None:
    for name, limit in limits.items():
        try:
            fits(getattr(row, name), limit)
        except ValidationError as error:
            raise ValidationError({name: error}) from None


class Upload(models.Model):
    """A picture as one corp's WeCom holds it, for three days at a time. `due_at` makes the row its own queue."""

    store_path = None

    attachment = models.ForeignKey(Attachment, models.CASCADE, related_name="uploads")
    corp = models.ForeignKey(Corp, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)  # of the picture that was uploaded
    media_id = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        constraints = [
            models.UniqueConstraint(fields=["attachment", "corp"], name="a_picture_is_uploaded_once_to_a_corp")
        ]
        indexes = [models.Index(fields=["due_at"], name="uploads_by_due")]
