from typing import Any

from django.db import models


class Generated(models.Model):
    """The brand of this database, if it was generated: from what, and how far that has come. One row."""

    store_path = None

    seed = models.BigIntegerField()
    stores = models.IntegerField()
    guides = models.IntegerField()
    members = models.BigIntegerField()
    days = models.IntegerField()
    orders = models.BigIntegerField(default=0, db_default=0)
    today = models.DateField()
    ids: Any = models.JSONField(default=dict)  # of each table, the id of its first row
    phase = models.CharField(max_length=20)
    done = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.stores} / {self.guides} / {self.members}, seed {self.seed}"
