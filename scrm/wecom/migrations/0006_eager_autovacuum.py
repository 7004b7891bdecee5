from django.db import migrations

EAGER = """
ALTER TABLE {table} SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
"""
AS_USUAL = """
ALTER TABLE {table} RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor,
    autovacuum_analyze_scale_factor, autovacuum_vacuum_cost_delay);
"""
QUEUES = ("wecom_letter", "wecom_outboundcall")


class Migration(migrations.Migration):
    """The two tables through which everything passes are tidied often, each time a little: they shall not grow."""

    dependencies = [("wecom", "0005_staff_number_required")]
    operations = [migrations.RunSQL(EAGER.format(table=table), AS_USUAL.format(table=table)) for table in QUEUES]
