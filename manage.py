#!/usr/bin/env python
"""Django's command line, with this project's settings."""

import os
import sys

import django
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ["PROFILE"] = "demo"
    if os.environ.get("PROFILE", "production") == "production" and len(sys.argv) > 1:
        django.setup()
        from scrm import footing  # needs the app registry

        footing.insist_for(sys.argv[1])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
