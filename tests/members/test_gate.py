"""Nothing that contacts customers is written without the gate."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTACTS = re.compile(r"add_msg_template|add_moment_task|remind_groupmsg_send|send_welcome_msg|welcome_code")
GATE = re.compile(r"\b(allows|allowing)\(")
# An answer in the seconds after her own add is service, which that add permits.
ANSWERS = {"campaigns/welcomes.py"}
READERS = {"campaigns/chapters.py"}  # they tell what was said
APPS = ("stores", "members", "guides", "campaigns", "scrm/imports", "scrm/dashboard")


def contacting() -> dict[str, str]:
    """The modules above the gateway that speak of a call that reaches customers."""
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    told = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in files}
    return {name: text for name, text in told.items() if CONTACTS.search(text)}


def test_whatever_contacts_customers_asks_the_gate() -> None:
    assert [
        name for name, text in contacting().items() if name not in ANSWERS | READERS and not GATE.search(text)
    ] == []


def test_the_search_would_find_a_contact() -> None:
    assert "campaigns/welcomes.py" in contacting()
