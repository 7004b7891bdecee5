"""The settings with django-migration-linter in them, for `make check` alone."""

from scrm.settings import *  # noqa: F403
from scrm.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "django_migration_linter"]
MIGRATION_LINTER_OPTIONS = {
    # The first copies a small table into its partitions and drops it, in one transaction, on purpose.
    "ignore_name": [
        "0005_the_book_by_months",
        # Their tables are new with the same release, or hold a few thousand tags.
        *("0006_sources_and_events", "0008_tags_and_fields"),
    ],
}
