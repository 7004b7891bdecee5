import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which stores of franchisees told an id, so that their people may read it."""

    dependencies = [("members", "0018_freight"), ("stores", "0004_city_tiers")]

    operations = [
        migrations.CreateModel(
            name="Telling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "identity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tellings",
                        to="members.identity",
                        verbose_name="identity",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.store",
                        verbose_name="store",
                    ),
                ),
            ],
            options={
                "verbose_name": "store that told an identity",
                "verbose_name_plural": "stores that told an identity",
                "constraints": [
                    models.UniqueConstraint(fields=("identity", "store"), name="a_store_tells_an_identity_once_only")
                ],
            },
        ),
    ]
