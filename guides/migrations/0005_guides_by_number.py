from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside a running house: an index on a big table is built without locking it."""

    atomic = False

    dependencies = [
        ("guides", "0004_connect"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="guide",
            index=models.Index(
                condition=models.Q(("staff_number", ""), _negated=True),
                fields=["corp", "staff_number"],
                name="guides_by_staff_number",
            ),
        ),
        AddIndexConcurrently(
            model_name="guide",
            index=models.Index(
                condition=models.Q(("contact_trouble_at__isnull", False)),
                fields=["contact_trouble_at"],
                name="guides_refused",
            ),
        ),
    ]
