"""What the environment asks of the demo, and what the demo tells its programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scrm.demo.keys import Keys

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"  # the demo's passwords are printed on a terminal: no other machine may reach it


class CannotStart(Exception):
    """Something stands in the way; the message says what to do."""


@dataclass(frozen=True)
class Wishes:
    """Where, on which ports, how big and how busy."""

    folder: Path
    port: int
    sandbox_port: int
    stores: int
    rate: float
    seed: int
    days: int

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Wishes":
        def number(name: str, default: int) -> int:
            try:
                return int(env.get(name) or default)
            except ValueError:
                raise CannotStart(f"{name} is {env[name]!r}; it must be a whole number") from None

        return cls(
            folder=Path(env.get("DEMO_DIR") or ROOT / ".demo").resolve(),
            port=number("PORT", 8000),
            sandbox_port=number("SANDBOX_PORT", 8100),
            stores=number("DEMO_STORES", 12),
            rate=number("DEMO_RATE", 30),
            seed=number("DEMO_SEED", 1),
            days=number("DEMO_DAYS", 28),
        )

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{HOST}:{self.sandbox_port}"


def environment(env: Mapping[str, str], wishes: Wishes, keys: Keys) -> dict[str, str]:
    """What every program of the demo is told."""
    return {
        **env,
        "PROFILE": "demo",
        "DJANGO_SETTINGS_MODULE": "scrm.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "SECRET_KEY": keys.secret_key,
        "FIELD_KEYS": keys.field_keys,
        "ALLOWED_HOSTS": "*",
        "BASE_URL": wishes.base_url,
        "WECOM_API_BASE_URL": wishes.sandbox_url,
        "SMS_OUTLET_URL": f"{wishes.sandbox_url}/sandbox/sms",
        "DEMO_DIR": str(wishes.folder),
        "DEMO_STORES": str(wishes.stores),
        "DEMO_RATE": str(wishes.rate),
        "DEMO_SEED": str(wishes.seed),
        "DEMO_DAYS": str(wishes.days),
        "PORT": str(wishes.port),
        "SANDBOX_PORT": str(wishes.sandbox_port),
        "DEMO_CORP_ID": keys.corp_id,
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
