import django.db.models.deletion
import scrm.ids
import scrm.sealed
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0010_wearers_of_a_tag"),
        ("stores", "0003_sign_in"),
        ("wecom", "0006_eager_autovacuum"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Pack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="pk_")),
                (
                    "platform",
                    models.CharField(
                        choices=[
                            ("tencent", "Tencent Ads"),
                            ("ocean", "Ocean Engine (Douyin)"),
                            ("kuaishou", "Magnetic Engine (Kuaishou)"),
                            ("alimama", "Alimama"),
                            ("jd", "JD Jingzhuntong"),
                            ("baidu", "Baidu Marketing"),
                            ("other", "another platform"),
                        ],
                        max_length=10,
                        verbose_name="platform",
                    ),
                ),
                (
                    "use",
                    models.CharField(
                        choices=[
                            ("reach", "show advertisements to these people"),
                            ("alike", "find people like these (look-alike)"),
                            ("exclude", "spare these people advertisements"),
                        ],
                        max_length=10,
                        verbose_name="purpose",
                    ),
                ),
                ("reason", models.CharField(max_length=200, verbose_name="what for")),
                (
                    "ids",
                    models.CharField(
                        choices=[("phone", "phone numbers"), ("unionid", "WeChat unionids"), ("openid", "openids of one app")],
                        default="phone",
                        max_length=10,
                        verbose_name="ids",
                    ),
                ),
                ("app", models.CharField(blank=True, max_length=64, verbose_name="app id")),
                ("salt", scrm.sealed.SealedField(editable=True, null=True, verbose_name="salt")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "waits for approval"),
                            ("approved", "may be downloaded"),
                            ("refused", "not approved"),
                        ],
                        default="asked",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("expires_at", models.DateTimeField(verbose_name="link ends")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                ("answer", models.CharField(blank=True, max_length=200, verbose_name="reply")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended early")),
            ],
            options={
                "verbose_name": "audience pack",
                "verbose_name_plural": "audience packs",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="PackDownload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="taken at")),
                ("people", models.IntegerField(verbose_name="how many people")),
                ("rows", models.IntegerField(verbose_name="how many ids")),
                ("left_out", models.JSONField(default=dict, verbose_name="left out, by reason")),
                ("members", models.BinaryField()),
            ],
            options={
                "verbose_name": "download of an audience pack",
                "verbose_name_plural": "downloads of audience packs",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="pack",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked for by",
            ),
        ),
        migrations.AddField(
            model_name="pack",
            name="audience",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="packs",
                to="members.audience",
                verbose_name="audience",
            ),
        ),
        migrations.AddField(
            model_name="pack",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddField(
            model_name="packdownload",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="taken by",
            ),
        ),
        migrations.AddField(
            model_name="packdownload",
            name="pack",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="downloads",
                to="members.pack",
                verbose_name="audience pack",
            ),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None), models.Q(("decided_by", models.F("asked_by")), _negated=True), _connector="OR"
                ),
                name="nobody_approves_a_pack_of_his_own",
            ),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by", None), ("state", "asked")),
                    models.Q(models.Q(("state", "asked"), _negated=True), ("decided_by__isnull", False)),
                    _connector="OR",
                ),
                name="a_pack_is_decided_by_somebody",
            ),
        ),
    ]
