"""`python -m scrm.demo.opening`: connects the sandbox corp, learns and furnishes the brand, prints who may log in.

One process for all of it, since each start of Django costs a second or two.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from guides import roster  # noqa: E402  models can be imported only now
from members import libraries  # noqa: E402
from scrm import clock  # noqa: E402
from scrm.demo import brand, operators, registration  # noqa: E402
from scrm.demo.keys import Keys, keep  # noqa: E402
from scrm.wecom.models import Corp  # noqa: E402
from stores.models import Store  # noqa: E402

LONG_AGO = timedelta(days=60)  # when the sample brand's people began to work, before the first customer of its history


def connect(keys: Keys, *, api_base_url: str) -> None:
    named = ("corp_id", "agent_id", "secret", "token", "aes_key", "slug")
    flags = [f"--{name.replace('_', '-')}={getattr(keys, name)}" for name in named]
    call_command("connect_corp", *flags, f"--api-base-url={api_base_url}", "--name=木棉生活")


def learn(corp: Corp, *, at: datetime) -> None:
    """What `sync_corp` does; the first time as if it had been done long ago."""
    began_at = at if Store.objects.exists() else at - LONG_AGO
    if not (roster.sync(corp, at=began_at) and libraries.read_library(corp, at=at)):
        raise SystemExit("the sandbox did not tell its brand")
    brand.furnish(at=at, began_at=began_at)
    registration.furnish(at=at, began_at=began_at)
    operators.furnish(at=at)


if __name__ == "__main__":
    keys, now = keep(Path(os.environ["DEMO_DIR"])), clock.now()
    connect(keys, api_base_url=os.environ["WECOM_API_BASE_URL"])
    learn(Corp.objects.get(corp_id=keys.corp_id), at=now)
    for line in brand.lines():
        print(line)
