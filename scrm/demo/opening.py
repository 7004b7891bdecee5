"""`python -m scrm.demo.opening`: connects the sandbox corp, learns and furnishes the brand, prints who may log in.

One process for all of it, since each start of Django costs a second or two.
"""

import os
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from scrm import clock  # noqa: E402
from scrm.demo import brand  # noqa: E402  models can be imported only now
from scrm.demo.keys import Keys, keep  # noqa: E402


def connect(keys: Keys, *, api_base_url: str) -> None:
    named = ("corp_id", "agent_id", "secret", "token", "aes_key", "slug")
    flags = [f"--{name.replace('_', '-')}={getattr(keys, name)}" for name in named]
    call_command("connect_corp", *flags, f"--api-base-url={api_base_url}")


if __name__ == "__main__":
    known = keep(Path(os.environ["DEMO_DIR"]))
    connect(known, api_base_url=os.environ["WECOM_API_BASE_URL"])
    call_command("sync_corp", corp_id=known.corp_id)
    brand.furnish(clock.now())
    for line in brand.lines():
        print(line)
