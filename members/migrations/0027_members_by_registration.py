from django.db import migrations


class Migration(migrations.Migration):
    """Every half minute whoever registered since the last look is asked for."""

    atomic = False
    dependencies = [("members", "0026_segment_days")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS members_by_registration ON members_member (registered_at)"
            " WHERE registered_at IS NOT NULL",
            "DROP INDEX CONCURRENTLY IF EXISTS members_by_registration",
        )
    ]
