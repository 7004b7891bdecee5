from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guides.models.people import Guide
from scrm.ids import PublicId
from scrm.wecom.models import Corp
from stores.models import Store
from stores.scope import ScopedQuerySet


class GroupChat(models.Model):
    """A customer group chat. An event only says that it changed; what it looks like is read from WeCom."""

    store_path = "store"

    public_id = PublicId("gc_")
    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+")
    chat_id = models.CharField(_("WeCom chat_id"), max_length=64)
    name = models.CharField(_("name"), max_length=120, blank=True)
    owner = models.ForeignKey(
        Guide, models.PROTECT, verbose_name=_("group owner"), null=True, blank=True, related_name="group_chats"
    )
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, blank=True, related_name="group_chats"
    )
    version = models.CharField(_("member list version"), max_length=64, blank=True)
    customers = models.IntegerField(_("customers in it"), default=0)
    staff = models.IntegerField(_("staff in it"), default=0)
    changed_at = models.DateTimeField(_("last event"))
    dismissed_at = models.DateTimeField(_("dismissed"), null=True)
    read_due_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(_("read from WeCom"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("group chat")
        verbose_name_plural = _("group chats")
        constraints = [models.UniqueConstraint(fields=["corp", "chat_id"], name="a_chat_is_known_once")]
        indexes = [
            models.Index(fields=["read_due_at"], condition=Q(read_due_at__isnull=False), name="groups_to_read"),
        ]

    def __str__(self) -> str:
        return self.name or self.chat_id
