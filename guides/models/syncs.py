"""One passing of a corp's whole world from WeCom to us, in chunks that can be read again."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guides.models.people import Guide
from members.models import Member
from scrm.ids import PublicId
from scrm.wecom.models import Corp
from stores.scope import ScopedQuerySet


class Sync(models.Model):
    """A pass over everything; `phase` and `step` say how far it is."""

    store_path = None

    class Cause(models.TextChoices):
        BUTTON = "button", _("a person asked for it")
        COMMAND = "command", _("from the command line")
        NIGHTLY = "nightly", _("every night")
        CONNECT = "connect", _("the corp was connected")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("complete")
        PARTIAL = "partial", _("incomplete: nothing was ended")
        REFUSED = "refused", _("WeCom refused everything")

    class Step(models.TextChoices):
        PLAN = "plan", _("asks what there is to read")
        READ = "read", _("reads")
        FINISH = "finish", _("concludes")

    public_id = PublicId("sy_")
    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="syncs")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("started by"), null=True, related_name="+"
    )
    cause = models.CharField(_("cause"), max_length=10, choices=Cause)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    phase = models.CharField(_("phase"), max_length=12)
    phase_began_at = models.DateTimeField(_("phase since"))
    step = models.CharField(_("step"), max_length=8, choices=Step, default=Step.PLAN)
    due_at = models.DateTimeField(_("goes on at"))
    attempts = models.IntegerField(_("failures in a row"), default=0)
    # phase → what it counted, beside `state` ("done", "partial", "refused"), `errcode` and `shrunk` (so many missing)
    counters: Any = models.JSONField(_("counts"), default=dict)
    allowed: Any = models.JSONField(default=dict, help_text="Phase → how many a person said may end, beyond the guard.")
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("sync")
        verbose_name_plural = _("syncs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["corp"], condition=Q(state="running"), name="a_corp_has_one_running_sync")
        ]

    def __str__(self) -> str:
        return f"{self.corp} {self.started_at:%F %H:%M}"


class SyncChunk(models.Model):
    """A part of a phase that is read at once: a hundred departments or guides at most."""

    store_path = None

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("being read")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    sync = models.ForeignKey(Sync, models.CASCADE, related_name="chunks", db_index=False)
    phase = models.CharField(max_length=12)
    number = models.IntegerField()
    payload: Any = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    claims = models.IntegerField(default=0, help_text="Who lost its lease must not write over its successor.")
    due_at = models.DateTimeField(help_text="When to read it; of one that is being read, when its lease ends.")
    errcode = models.IntegerField(null=True)
    counters: Any = models.JSONField(default=dict)
    found: Any = models.JSONField(null=True, help_text="What was read, where the phase works it in at its end.")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("chunk of a sync")
        verbose_name_plural = _("chunks of syncs")
        constraints = [
            models.UniqueConstraint(fields=["sync", "phase", "number"], name="a_chunk_of_a_sync_is_planned_once")
        ]
        indexes = [
            # The lane asks only for those that are to be read.
            models.Index(
                fields=["sync", "phase", "due_at"], condition=Q(state__in=["waiting", "running"]), name="chunks_to_read"
            )
        ]

    def __str__(self) -> str:
        return f"{self.phase} {self.number}"


class SyncMissing(models.Model):
    """A relation that we know, with a guide who was read completely, and that WeCom did not list."""

    store_path = None

    sync = models.ForeignKey(Sync, models.CASCADE, related_name="missing")
    chunk = models.ForeignKey(SyncChunk, models.CASCADE, related_name="+")
    guide = models.ForeignKey(Guide, models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+", db_index=False)
    read_at = models.DateTimeField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("what a sync did not find")
        verbose_name_plural = _("what syncs did not find")
