from celery import shared_task

from scrm import clock
from stores import attempts, places, sessions, tokens


@shared_task(name="stores.settle_places")
def settle_places() -> None:
    """Stores stand today where their dated records say."""
    places.settle_all(on=clock.day_of(clock.now()))


@shared_task(name="stores.forget_old_doors")
def forget_old_doors() -> None:
    """Sessions and tokens that are over go, and so do failed attempts that count no more."""
    now = clock.now()
    for noun in (attempts, sessions, tokens):
        noun.forget_old(now)
