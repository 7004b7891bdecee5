from datetime import datetime
from typing import Any

from django.db import models

from scrm.audit.models import Entry


def record(verb: str, *, by: Any, subject: models.Model, at: datetime, **detail: Any) -> Entry:
    """The audit row of one act; it commits with the act itself."""
    return Entry.objects.create(
        at=at,
        actor_id=getattr(by, "pk", None),
        verb=verb,
        kind=subject._meta.label_lower,
        subject_id=str(getattr(subject, "public_id", subject.pk)),
        detail=detail,
    )
