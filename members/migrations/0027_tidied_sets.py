from django.db import migrations

EAGER = """
ALTER TABLE {table} SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
"""
AS_USUAL = """
ALTER TABLE {table} RESET (
    autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor, autovacuum_vacuum_cost_delay);
"""
TOAST = "ALTER TABLE {table} SET (toast.autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_cost_delay = 1)"
TOAST_AS_USUAL = "ALTER TABLE {table} RESET (toast.autovacuum_vacuum_scale_factor, toast.autovacuum_vacuum_cost_delay)"


class Migration(migrations.Migration):
    """What passes through (notes of changes) and what is written again and again (sets) is tidied often."""

    dependencies = [("members", "0026_segment_days")]

    operations = [
        *(
            migrations.RunSQL(EAGER.format(table=table), AS_USUAL.format(table=table))
            for table in ("members_change", "members_bitmap", "members_snapshot")
        ),
        *(
            migrations.RunSQL(TOAST.format(table=table), TOAST_AS_USUAL.format(table=table))
            for table in ("members_bitmap", "members_snapshot")
        ),
    ]
