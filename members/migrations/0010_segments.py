import django.db.models.deletion
import scrm.ids
import scrm.sealed
from django.conf import settings
from django.db import migrations, models

# Bitmaps are dense: PostgreSQL would try in vain to make them smaller.
AS_THEY_ARE = "ALTER TABLE {0} ALTER COLUMN body SET STORAGE EXTERNAL"
AS_USUAL = "ALTER TABLE {0} ALTER COLUMN body SET STORAGE EXTENDED"
# A number that is never given twice, whatever is rolled back: by it a process knows which sets it holds are stale.
REVISIONS = "CREATE SEQUENCE members_segment_revision"
# What passes through (notes of changes) and what is written again and again (sets) is tidied often.
EAGER = """
ALTER TABLE {table} SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
"""
UNTIDIED = """
ALTER TABLE {table} RESET (
    autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor, autovacuum_vacuum_cost_delay);
"""
TOAST = "ALTER TABLE {table} SET (toast.autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_cost_delay = 1)"
TOAST_AS_USUAL = "ALTER TABLE {table} RESET (toast.autovacuum_vacuum_scale_factor, toast.autovacuum_vacuum_cost_delay)"


class Migration(migrations.Migration):
    """Segments with versions, snapshots and who moved; the sets that they are counted from; audience packs."""

    dependencies = [
        ("members", "0009_standings"),
        ("stores", "0004_city_tiers"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExclusiveGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="xg_")),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
            ],
            options={
                "verbose_name": "exclusive group",
                "verbose_name_plural": "exclusive groups",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Bitmap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("family", models.CharField(max_length=24)),
                ("key", models.BigIntegerField()),
                ("shard", models.IntegerField()),
                ("revision", models.BigIntegerField()),
                ("body", models.BinaryField()),
            ],
            options={
                "verbose_name": "set of members",
                "verbose_name_plural": "sets of members",
                "constraints": [models.UniqueConstraint(fields=("family", "key", "shard"), name="a_set_is_kept_once")],
            },
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("asked", models.JSONField()),
                ("day", models.DateField()),
                ("used_on", models.DateField()),
            ],
            options={
                "verbose_name": "question of rules",
                "verbose_name_plural": "questions of rules",
            },
        ),
        migrations.CreateModel(
            name="Engine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("built_at", models.DateTimeField(null=True)),
                ("day", models.DateField(null=True)),
                ("revision", models.BigIntegerField(default=0)),
                ("folded_at", models.DateTimeField(null=True)),
                ("epoch", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "state of the sets",
                "verbose_name_plural": "state of the sets",
            },
        ),
        migrations.CreateModel(
            name="Changed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=12)),
                ("key", models.BigIntegerField(null=True)),
                ("member_id", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "change of a member",
                "verbose_name_plural": "changes of members",
                "db_table": "members_change",
            },
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="seg_")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=200, verbose_name="description")),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="segments",
                        to="members.exclusivegroup",
                        verbose_name="exclusive group",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        default=100,
                        help_text="In an exclusive group the smallest number comes first.",
                        verbose_name="priority",
                    ),
                ),
                (
                    "is_stale",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="To be counted anew, since its place among others changed.",
                    ),
                ),
                ("size", models.IntegerField(default=0, editable=False, verbose_name="people")),
                ("counted_at", models.DateTimeField(editable=False, null=True, verbose_name="counted at")),
                ("made_at", models.DateTimeField(editable=False, verbose_name="made")),
                ("archived_at", models.DateTimeField(editable=False, null=True, verbose_name="archived")),
            ],
            options={
                "verbose_name": "segment",
                "verbose_name_plural": "segments",
                "ordering": ["name", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("archived_at", None)),
                        fields=("name",),
                        name="a_living_segment_has_a_name_of_its_own",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("archived_at", None), ("group__isnull", False)),
                        fields=("group", "priority"),
                        name="a_priority_is_given_once_in_a_group",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SegmentVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "segment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="members.segment",
                        verbose_name="segment",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("rule", models.JSONField(verbose_name="rule")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="made")),
            ],
            options={
                "verbose_name": "version of a segment",
                "verbose_name_plural": "versions of segments",
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("segment", "number"), name="versions_are_counted_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SegmentDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "segment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days",
                        to="members.segment",
                    ),
                ),
                ("day", models.DateField(db_index=True)),
                ("entered", models.IntegerField()),
                ("left", models.IntegerField()),
            ],
            options={
                "verbose_name": "day of a segment",
                "verbose_name_plural": "days of segments",
                "constraints": [
                    models.UniqueConstraint(fields=("segment", "day"), name="a_day_of_a_segment_is_summed_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="snapshots",
                        to="members.segmentversion",
                    ),
                ),
                ("shard", models.IntegerField()),
                ("revision", models.BigIntegerField()),
                ("size", models.IntegerField()),
                ("body", models.BinaryField()),
            ],
            options={
                "verbose_name": "snapshot",
                "verbose_name_plural": "snapshots",
                "constraints": [
                    models.UniqueConstraint(fields=("version", "shard"), name="a_shard_of_a_snapshot_is_kept_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "segment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="members.segment",
                        verbose_name="segment",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.segmentversion",
                        verbose_name="version",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("day", models.DateField(verbose_name="day")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("news", "news of members"),
                            ("day", "a new day"),
                            ("rule", "a changed rule"),
                            ("build", "counted anew"),
                        ],
                        max_length=6,
                        verbose_name="cause",
                    ),
                ),
                ("entered_count", models.IntegerField(verbose_name="entered")),
                ("left_count", models.IntegerField(verbose_name="left")),
                ("entered", models.BinaryField()),
                ("left", models.BinaryField()),
            ],
            options={
                "verbose_name": "change of a segment",
                "verbose_name_plural": "changes of segments",
                "db_table": "members_segmentchange",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["segment", "day"], name="changes_of_a_segment")],
            },
        ),
        migrations.CreateModel(
            name="Audience",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="au_")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "segment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="audiences",
                        to="members.segment",
                        verbose_name="segment",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.segmentversion",
                        verbose_name="version",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("service", "service"),
                            ("marketing_1v1", "marketing by a guide"),
                            ("marketing_group", "marketing to many"),
                            ("profiling", "profiling"),
                            ("share_franchisee", "sharing with franchisees"),
                            ("ad_match", "matching for advertisements"),
                            ("location", "location"),
                            ("minor_guardian", "guardian of a minor"),
                        ],
                        max_length=20,
                        verbose_name="purpose",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="frozen at")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="frozen by",
                    ),
                ),
                ("planned", models.IntegerField(verbose_name="in the segment")),
                ("size", models.IntegerField(verbose_name="people")),
                ("suppressed", models.JSONField(default=dict, verbose_name="left out, by reason")),
                ("erased", models.IntegerField(default=0, verbose_name="erased since")),
                ("body", models.BinaryField()),
            ],
            options={
                "verbose_name": "audience",
                "verbose_name_plural": "audiences",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Pack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="pk_")),
                (
                    "audience",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
                        to="members.audience",
                        verbose_name="audience",
                    ),
                ),
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
                        choices=[
                            ("phone", "phone numbers"),
                            ("unionid", "WeChat unionids"),
                            ("openid", "openids of one app"),
                        ],
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
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("expires_at", models.DateTimeField(verbose_name="link ends")),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                ("answer", models.CharField(blank=True, max_length=200, verbose_name="reply")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended early")),
            ],
            options={
                "verbose_name": "audience pack",
                "verbose_name_plural": "audience packs",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_approves_a_pack_of_his_own",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_by", None), ("state", "asked")),
                            models.Q(models.Q(("state", "asked"), _negated=True), ("decided_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_pack_is_decided_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PackDownload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="downloads",
                        to="members.pack",
                        verbose_name="audience pack",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="taken by",
                    ),
                ),
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
            model_name="Segment",
            name="version",
            field=models.OneToOneField(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.segmentversion",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="Segment",
            name="counted",
            field=models.OneToOneField(
                editable=False,
                help_text="Its snapshot is the present one; a newer version is counted within seconds.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.segmentversion",
                verbose_name="version counted",
            ),
        ),
        migrations.RunSQL(REVISIONS, "DROP SEQUENCE members_segment_revision"),
        *(
            migrations.RunSQL(AS_THEY_ARE.format(table), AS_USUAL.format(table))
            for table in ("members_bitmap", "members_snapshot")
        ),
        *(
            migrations.RunSQL(EAGER.format(table=table), UNTIDIED.format(table=table))
            for table in ("members_change", "members_bitmap", "members_snapshot")
        ),
        *(
            migrations.RunSQL(TOAST.format(table=table), TOAST_AS_USUAL.format(table=table))
            for table in ("members_bitmap", "members_snapshot")
        ),
    ]
