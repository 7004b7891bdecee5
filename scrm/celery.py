"""The scheduler and the doorbell. Queues are rows in PostgreSQL, so losing the broker costs delay only."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")

app = Celery("zhanggui")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["scrm.wecom", "stores", "members", "guides", "campaigns", "scrm.dashboard"])
app.conf.beat_schedule = {
    "fill touched days": {"task": "dashboard.fill_touched", "schedule": 30.0, "options": {"expires": 25}},
    "fill the last 35 days": {"task": "dashboard.fill_recent", "schedule": crontab(hour=3, minute=10)},
    "let dated places begin": {"task": "stores.settle_places", "schedule": crontab(hour=0, minute=1)},
    "sync the roster": {"task": "guides.sync_rosters", "schedule": crontab(hour=2, minute=20)},
}
