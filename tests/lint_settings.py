"""The settings with django-migration-linter in them, for `make check` alone."""

from scrm.settings import *  # noqa: F403
from scrm.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "django_migration_linter"]
MIGRATION_LINTER_OPTIONS = {
    # It copies a small table into its partitions and drops it, in one transaction, on purpose.
    "ignore_name": ["0005_the_book_by_months"],
}
