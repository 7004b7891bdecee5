from datetime import timedelta

from celery import shared_task

from guides import drifts, officials, syncs
from scrm import clock

APART = timedelta(minutes=20)  # WeCom counts the calls of one address for all corps together


@shared_task(name="guides.sync_every_corp")
def sync_every_corp() -> None:
    """Has all of WeCom read again; the workers' lane does it."""
    syncs.begin_all(at=clock.now(), apart=APART)


@shared_task(name="guides.plan_statistics")
def plan_statistics() -> int:
    """Puts the guides whose statistics are to be read into their queue, once a day from noon on."""
    return officials.plan(clock.now())


@shared_task(name="guides.judge_drift")
def judge_drift() -> int:
    """Compares the last days with WeCom's own count."""
    return drifts.judge_recent(clock.now())


@shared_task(name="guides.judge_drift_anew")
def judge_drift_anew() -> int:
    """Compares all days that may still change."""
    return drifts.judge_all(clock.now())
