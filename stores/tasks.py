from celery import shared_task

from scrm import clock
from stores import places


@shared_task(name="stores.settle_places")
def settle_places() -> None:
    """Stores stand today where their dated records say."""
    places.settle_all(on=clock.day_of(clock.now()))
