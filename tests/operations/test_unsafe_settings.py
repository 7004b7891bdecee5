"""Production refuses to start when a setting is missing or unsafe, and says which and why. Real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks import SAFE

ROOT = Path(__file__).parents[2]
KEY = "k9-this-is-long-enough-to-be-accepted-and-is-used-nowhere-else-3f81a7c2"
PROXIED = {"BEHIND_TLS_PROXY": "1", "TRUSTED_PROXIES": "1"}
UNSAFE: list[tuple[dict[str, str], str]] = [
    ({"PROFILE": "staging"}, "PROFILE is 'staging'; it must be production, demo or test"),
    ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY is missing or shorter than 50"),
    ({"SECRET_KEY": "a" * 60}, "SECRET_KEY or FIELD_KEYS is no random text"),
    ({"FIELD_KEYS": ""}, "FIELD_KEYS is missing"),
    ({"FIELD_KEYS": "f2-another-key-that-is-long-enough-9b,short"}, "has a key under 32 characters"),
    ({"FIELD_KEYS": KEY, "SECRET_KEY": KEY}, "FIELD_KEYS repeats SECRET_KEY"),
    ({"FIELD_KEYS": "only-for-demo-and-test-0000000000000000000000000000000000"}, "is the demo's public one"),
    ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is missing or '*'"),
    ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS is missing or '*'"),
    ({"DEBUG": "1"}, "DEBUG is on"),
    ({"BASE_URL": ""}, "BASE_URL is missing"),
    ({"BASE_URL": "http://scrm.example.com"}, "BASE_URL is not https"),
    ({"BASE_URL": "https://other.example.com"}, "BASE_URL is not in ALLOWED_HOSTS"),
    ({"TRUSTED_PROXIES": "all"}, "TRUSTED_PROXIES is not a number"),
    ({"BEHIND_TLS_PROXY": "1"}, "BEHIND_TLS_PROXY is on, but TRUSTED_PROXIES counts no proxy"),
    ({"SECURE_SSL_REDIRECT": "0"}, "SECURE_SSL_REDIRECT is off, but no proxy ends TLS"),
    ({"DATABASE_URL": ""}, "DATABASE_URL is missing"),
    ({"DATABASE_URL": "sqlite:///db.sqlite3"}, "DATABASE_URL is not PostgreSQL"),
    ({"DATABASE_OWNER_URL": SAFE["DATABASE_URL"]}, "DATABASE_OWNER_URL uses the app's role"),
    ({"BROKER_URL": ""}, "BROKER_URL is missing"),
    ({"BROKER_URL": "memory://"}, "BROKER_URL names a broker that loses tasks"),
    ({"WECOM_API_BASE_URL": "http://qyapi.weixin.qq.com"}, "WECOM_API_BASE_URL is not https"),
    ({"WECOM_CALLS_PER_MINUTE": "many"}, "WECOM_CALLS_PER_MINUTE is not a number"),
    ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN is shorter than 20"),
    ({"ALARM_WEBHOOK_URL": "http://robot.example.com/"}, "ALARM_WEBHOOK_URL is not https"),
    ({"SMS_OUTLET_URL": "http://sms.example.com/"}, "SMS_OUTLET_URL is not https"),
    ({"SMS_OUTLET_URL": "https://wecom.example.com/sandbox/sms"}, "SMS_OUTLET_URL is the sandbox"),
    ({"WATCH_OPENING_HOURS": "22-10"}, "WATCH_OPENING_HOURS is not like 10-22"),
    ({"WATCH_HEARTBEAT_MINUTES": "1"}, "WATCH_HEARTBEAT_MINUTES is not a number of at least 2"),
    ({"KEEP_LETTERS_DAYS": "179"}, "KEEP_LETTERS_DAYS is below 180: the law has logs kept for six months"),
    ({"KEEP_AUDIT_DAYS": "90"}, "KEEP_AUDIT_DAYS is below 180"),
    ({"KEEP_LETTER_BODIES_DAYS": "forever"}, "KEEP_LETTER_BODIES_DAYS is not a number of days"),
    ({"SECRET_KEY": "", "SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE cannot be read: No such file or directory"),
]


def started(**more: str) -> "subprocess.CompletedProcess[str]":
    """A process that reads the settings and ends."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **SAFE, **more}
    words = [sys.executable, "-c", "from scrm import settings; print(settings.PROFILE)"]
    return subprocess.run(words, env=env, cwd="/", capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("wrong", "why"), UNSAFE, ids=lambda case: " ".join(case) if isinstance(case, dict) else "")
def test_it_does_not_start_and_says_why(wrong: dict[str, str], why: str) -> None:
    done = started(**wrong)
    assert done.returncode
    assert why in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("more", [{}, PROXIED, {**PROXIED, "SECURE_SSL_REDIRECT": "0"}], ids=str)
def test_what_a_careful_operator_sets_is_accepted(more: dict[str, str]) -> None:
    done = started(**more)
    assert (done.stdout.strip(), done.stderr) == ("production", "")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = started(SECRET_KEY="", BASE_URL="", KEEP_AUDIT_DAYS="1").stderr
    assert all(name in said for name in ("SECRET_KEY", "BASE_URL", "KEEP_AUDIT_DAYS"))


def test_no_secret_is_quoted() -> None:
    said = started(SECRET_KEY="tiny-canary", FIELD_KEYS="other-canary", DATABASE_URL="mysql://u:word-canary@h/d").stderr
    assert "canary" not in said


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert started(SECRET_KEY="", SECRET_KEY_FILE=str(tmp_path / "key")).stdout.strip() == "production"


def test_every_setting_is_documented() -> None:
    import re

    asked = set(re.findall(r"""(?:env_\w+|environ\.get)\(\s*"([A-Z_]+)\"""", (ROOT / "scrm/settings.py").read_text()))
    from scrm.keeping.days import DAYS

    asked |= {f"KEEP_{name}_DAYS" for name in DAYS}
    written = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert asked - written == set()
