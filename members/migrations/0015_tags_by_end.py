from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tags that ran out since the last look are found without going through all of them."""

    atomic = False
    dependencies = [("members", "0014_tags_run_out")]

    operations = [
        AddIndexConcurrently(
            model_name="membertag",
            index=models.Index(
                fields=["expires_at"], condition=models.Q(("expires_at__isnull", False)), name="tags_that_run_out"
            ),
        ),
    ]
