from django.db import migrations

from members.noting import UPDATE, Noted

# A store that moves to another region takes all of its customers along: of everybody, which is noted as member 0.
MOVED = Noted("stores_store", "regions", ("region_id",), member="0", ops=(UPDATE,))


class Migration(migrations.Migration):
    """The database notes that a store moved to another region; the sets of segments follow."""

    dependencies = [("guides", "0011_noted_changes"), ("stores", "0001_initial")]

    operations = [migrations.RunSQL(MOVED.forward, MOVED.reverse)]
