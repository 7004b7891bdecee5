"""`runtime_lock.py names.txt requirements.lock`: the entries of the lock whose names are in the list, with hashes."""

import re
import sys
from pathlib import Path

NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==")


def name_of(line: str) -> str:
    found = NAME.match(line)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def chosen(names: str, lock: str) -> str:
    """Lines of an entry follow its first one, indented."""
    wanted = {name_of(line) for line in names.splitlines()} - {""}
    taking, kept = False, []
    for line in lock.splitlines():
        if name := name_of(line):
            taking = name in wanted
        if taking and not line.lstrip().startswith("#"):
            kept.append(line)
    return "\n".join(kept) + "\n"


if __name__ == "__main__":
    sys.stdout.write(chosen(*(Path(path).read_text("utf-8") for path in sys.argv[1:3])))
