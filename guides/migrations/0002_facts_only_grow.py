from django.db import migrations

TRIGGER = """
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON guides_relationfact
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_history();
"""


class Migration(migrations.Migration):
    dependencies = [("guides", "0001_initial"), ("audit", "0003_nobody_rewrites_history")]
    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER only_grows ON guides_relationfact;")]
