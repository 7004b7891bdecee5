"""Fields that the brand makes for itself, and what they say of members."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from scrm.ids import PublicId
from stores.models import Person, Store
from stores.scope import ScopedQuerySet


class Field(models.Model):
    """Something that the brand wants to know of its members."""

    store_path = None
    for_every_seat = True

    class Kind(models.TextChoices):
        TEXT = "text", _("line of text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        BOOLEAN = "boolean", _("yes or no")
        CHOICE = "choice", _("one of several")
        CHOICES = "choices", _("some of several")

    public_id = PublicId("fd_")
    key = models.CharField(
        _("key"), max_length=40, unique=True, help_text=_("By which files, the API and segments name it.")
    )
    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    choices: Any = ArrayField(models.CharField(max_length=60), verbose_name=_("choices"), default=list, blank=True)
    is_personal = models.BooleanField(
        _("personal"), default=False, help_text=_("Shown in full only to seats that serve customers.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    rank = models.IntegerField(_("rank"), default=0)
    at = models.DateTimeField(_("made"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("field")
        verbose_name_plural = _("fields")
        ordering = ["-rank", "id"]

    def __str__(self) -> str:
        return self.name


class FieldValue(models.Model):
    """What a field says of a member at present: in the column of its kind (a choice stands in `text`)."""

    store_path = "store"
    personal = True

    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="field_values")
    field = models.ForeignKey(Field, models.PROTECT, verbose_name=_("field"), related_name="values", db_index=False)
    text = models.CharField(_("text"), max_length=300, null=True)
    number = models.DecimalField(_("number"), max_digits=18, decimal_places=4, null=True)
    date = models.DateField(_("date"), null=True)
    boolean = models.BooleanField(_("yes or no"), null=True)
    choices: Any = ArrayField(models.CharField(max_length=60), verbose_name=_("choices"), null=True)
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+", db_index=False
    )
    by = models.ForeignKey(Person, models.PROTECT, verbose_name=_("by"), null=True, related_name="+", db_index=False)
    at = models.DateTimeField(_("since"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("value of a field")
        verbose_name_plural = _("values of fields")
        constraints = [models.UniqueConstraint(fields=["member", "field"], name="a_field_says_one_thing_of_a_member")]
        indexes = [models.Index(fields=["field", "member"], name="members_with_a_field")]


class FieldChange(models.Model):
    """What a field said of a member before and after somebody changed it."""

    store_path = "store"
    personal = True

    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="field_changes")
    field = models.ForeignKey(Field, models.PROTECT, verbose_name=_("field"), related_name="+", db_index=False)
    before: Any = models.JSONField(_("before"), null=True)
    after: Any = models.JSONField(_("after"), null=True)
    source = models.CharField(_("source"), max_length=20)
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+", db_index=False
    )
    by = models.ForeignKey(Person, models.PROTECT, verbose_name=_("by"), null=True, related_name="+", db_index=False)
    at = models.DateTimeField(_("at"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a field")
        verbose_name_plural = _("changes of fields")
