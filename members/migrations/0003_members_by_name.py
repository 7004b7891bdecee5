from django.db import migrations


class Migration(migrations.Migration):
    """Customers are found by the beginning of their name (`name__istartswith`); trigrams need three characters."""

    atomic = False
    dependencies = [("members", "0002_consents_and_cards")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS members_by_name ON members_member (upper(name) text_pattern_ops)",
            "DROP INDEX CONCURRENTLY IF EXISTS members_by_name",
        )
    ]
