"""The settings with django-migration-linter in them, for `make check` alone."""

from scrm.settings import *  # noqa: F403
from scrm.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "django_migration_linter"]
