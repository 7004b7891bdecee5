"""The scheduler and the doorbell. Queues are rows in PostgreSQL, so losing the broker costs delay only."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")

app = Celery("zhanggui")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks(
    [
        *("scrm.audit", "scrm.wecom", "stores", "members", "guides", "campaigns"),
        *("scrm.dashboard", "scrm.watch", "scrm.keeping"),
    ]
)


@worker_init.connect
@beat_init.connect
def _insist(**_: Any) -> None:
    from scrm import footing  # needs the app registry

    footing.insist()


app.conf.beat_schedule = {
    "seal the audit book's day": {"task": "audit.close_the_day", "schedule": crontab(hour=1, minute=30)},
    "watch the house": {"task": "watch.make_a_round", "schedule": 60.0, "options": {"expires": 50}},
    "count contacts": {"task": "watch.count_contacts", "schedule": crontab(hour=4, minute=20)},
    "remove what is too old": {"task": "keeping.purge", "schedule": crontab(hour=4, minute=40)},
    "fill touched days": {"task": "dashboard.fill_touched", "schedule": 30.0, "options": {"expires": 25}},
    "fill the last 35 days": {"task": "dashboard.fill_recent", "schedule": crontab(hour=3, minute=10)},
    "tell the lives that changed": {"task": "members.tell_lives", "schedule": 30.0, "options": {"expires": 25}},
    "move the lives that time moves": {"task": "members.move_lives", "schedule": crontab(hour=0, minute=5)},
    "sum up segments' days": {"task": "members.sum_up_segment_days", "schedule": crontab(hour=0, minute=40)},
    "sum up the year": {"task": "members.sum_up_the_year", "schedule": crontab(minute=25)},
    "grade every buyer": {"task": "members.grade_all", "schedule": crontab(hour=2, minute=10)},
    "score tags by rule": {"task": "members.score_changed", "schedule": 30.0, "options": {"expires": 25}},
    "let phones of leavers go": {"task": "members.let_phones_of_leavers_go", "schedule": crontab(hour=3, minute=50)},
    "count tags": {"task": "members.count_tags", "schedule": crontab(hour=2, minute=40)},
    "count whom the brand can reach": {"task": "members.count_reach", "schedule": crontab(hour=2, minute=40)},
    "take the data's health": {"task": "dashboard.take_health", "schedule": 300.0, "options": {"expires": 280}},
    "count members among buyers": {
        "task": "dashboard.fill_conversions",
        "schedule": 600.0,
        "options": {"expires": 500},
    },
    "forget old sessions": {"task": "stores.forget_old_doors", "schedule": crontab(minute=37)},
    "let dated places begin": {"task": "stores.settle_places", "schedule": crontab(hour=0, minute=1)},
    "ask for WeCom's statistics": {"task": "guides.plan_statistics", "schedule": crontab(hour="12-23", minute=5)},
    "compare with WeCom's statistics": {"task": "guides.judge_drift", "schedule": crontab(hour="12-23", minute=50)},
    "compare the last weeks anew": {"task": "guides.judge_drift_anew", "schedule": crontab(hour=6, minute=30)},
    "sync every corp": {"task": "guides.sync_every_corp", "schedule": crontab(hour=1, minute=20)},
}
