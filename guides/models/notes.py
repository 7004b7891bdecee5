"""What a guide wrote down about a customer in her WeCom client."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from guides.models.people import Guide
from members.models import Member
from scrm.sealed import SealedField
from stores.scope import ScopedQuerySet


class Note(models.Model):
    """A guide's remark, description, company and phone numbers for one customer, and how the two met."""

    store_path = "guide__postings__store"
    guide_path = "guide__person"
    personal = True

    guide = models.ForeignKey(Guide, models.CASCADE, verbose_name=_("guide"), related_name="notes")
    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="notes", db_index=False)
    remark = models.CharField(_("remark"), max_length=120, blank=True)
    description = models.CharField(_("description"), max_length=600, blank=True)
    company = models.CharField(_("company"), max_length=120, blank=True)
    phones = SealedField(_("phone numbers"), null=True, blank=True)
    phones_digest = models.BinaryField(
        max_length=32, null=True, editable=False, help_text="Tells whether they changed: no two sealings are alike."
    )
    add_way = models.SmallIntegerField(_("came by"), default=0)
    changed_at = models.DateTimeField(_("changed"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        # Its index serves a customer's page as well, so the member has none of her own.
        constraints = [models.UniqueConstraint(fields=["member", "guide"], name="a_guide_keeps_one_note_of_a_customer")]

    def __str__(self) -> str:
        return f"{self.guide_id}–{self.member_id}"
