import django.contrib.postgres.fields
import django.db.models.deletion
import scrm.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Tags of our own and by rule, changes on their way to WeCom, samples; and fields of the brand's own."""

    dependencies = [
        ("members", "0007_orders"),
        ("stores", "0004_city_tiers"),
        ("wecom", "0007_bans"),
    ]

    operations = [
        migrations.AddField(
            model_name="membertag",
            name="by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="put on by",
            ),
        ),
        migrations.AddField(
            model_name="membertag",
            name="expires_at",
            field=models.DateTimeField(null=True, verbose_name="until"),
        ),
        migrations.AddField(
            model_name="membertag",
            name="score",
            field=models.SmallIntegerField(null=True, verbose_name="score"),
        ),
        migrations.AddField(
            model_name="membertag",
            name="store",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="stores.store",
                verbose_name="store",
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="counted_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="counted"),
        ),
        migrations.AddField(
            model_name="tag",
            name="hits",
            field=models.IntegerField(db_default=0, default=0, verbose_name="customers"),
        ),
        migrations.AddField(
            model_name="tag",
            name="is_foreign",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="WeCom refused us: only who made it may.",
                verbose_name="made elsewhere",
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="kind",
            field=models.CharField(
                choices=[("wecom", "WeCom's corp tag"), ("internal", "our own tag"), ("rule", "tag by rule")],
                db_default=models.Value("wecom"),
                default="wecom",
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="made_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="made"),
        ),
        migrations.AddField(
            model_name="tag",
            name="says",
            field=models.CharField(blank=True, db_default="", max_length=300, verbose_name="what it means"),
        ),
        migrations.AddField(
            model_name="tag",
            name="used_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last used"),
        ),
        migrations.AddField(
            model_name="tag",
            name="uses",
            field=models.IntegerField(db_default=0, default=0, verbose_name="used by"),
        ),
        migrations.AddField(
            model_name="taggroup",
            name="is_foreign",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="WeCom refused us: only who made it may.",
                verbose_name="made elsewhere",
            ),
        ),
        migrations.AlterField(
            model_name="membertag",
            name="source",
            field=models.CharField(
                choices=[("wecom", "in WeCom"), ("ours", "by our people"), ("rule", "by rule")],
                default="wecom",
                max_length=20,
                verbose_name="source",
            ),
        ),
        migrations.AlterField(
            model_name="tag",
            name="tag_id",
            field=models.CharField(blank=True, max_length=64, null=True, verbose_name="WeCom id"),
        ),
        migrations.AlterField(
            model_name="taggroup",
            name="corp",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="wecom.corp",
                verbose_name="corp",
            ),
        ),
        migrations.AlterField(
            model_name="taggroup",
            name="group_id",
            field=models.CharField(blank=True, max_length=64, null=True, verbose_name="WeCom id"),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None), ("tag_id", None)),
                fields=("group", "name"),
                name="our_tags_have_names_of_their_own_in_a_group",
            ),
        ),
        migrations.AddConstraint(
            model_name="taggroup",
            constraint=models.UniqueConstraint(
                condition=models.Q(("corp", None), ("deleted_at", None)),
                fields=("name",),
                name="our_tag_groups_have_names_of_their_own",
            ),
        ),
        migrations.CreateModel(
            name="TagChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="tc_")),
                (
                    "corp",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="wecom.corp",
                        verbose_name="corp",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="members.taggroup",
                        verbose_name="group",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="members.tag",
                        verbose_name="tag",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("create", "new tags"), ("edit", "another name or place"), ("delete", "deletion")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("wanted", models.JSONField(default=dict, verbose_name="wanted")),
                ("before", models.JSONField(default=dict, verbose_name="before")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("asked", "WeCom is being asked"),
                            ("done", "done"),
                            ("refused", "refused by WeCom"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("errcode", models.IntegerField(null=True, verbose_name="code")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="asked for")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "change of a tag library",
                "verbose_name_plural": "changes of tag libraries",
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["corp", "id"], name="library_changes_waiting"
                    ),
                    models.Index(fields=["corp", "-settled_at"], name="library_changes_by_end"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "asked")), fields=("corp",), name="a_library_is_changed_one_by_one"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TagRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="tr_")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                (
                    "tag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="members.tag",
                        verbose_name="tag",
                    ),
                ),
                ("puts_on", models.BooleanField(default=True, verbose_name="put on")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "under way"),
                            ("paused", "paused"),
                            ("stopped", "stopped"),
                            ("done", "done"),
                        ],
                        default="running",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.store",
                        verbose_name="store",
                    ),
                ),
                ("members", models.IntegerField(default=0, verbose_name="customers asked for")),
                ("unreachable", models.IntegerField(default=0, verbose_name="without a live relation")),
                ("unchanged", models.IntegerField(default=0, verbose_name="had it already")),
                ("done", models.IntegerField(db_default=0, default=0, verbose_name="done")),
                ("refused", models.IntegerField(db_default=0, default=0, verbose_name="refused")),
                ("todo", models.BinaryField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="begun")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "tag run",
                "verbose_name_plural": "tag runs",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="TagRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "tag",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rule",
                        to="members.tag",
                        verbose_name="tag",
                    ),
                ),
                ("clauses", models.JSONField(default=list, verbose_name="what counts")),
                (
                    "half_life",
                    models.SmallIntegerField(
                        blank=True, help_text="Empty: nothing fades.", null=True, verbose_name="half-life in days"
                    ),
                ),
                ("threshold", models.SmallIntegerField(default=50, verbose_name="worn from this score on")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("version", models.IntegerField(default=1, verbose_name="version")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="since")),
                ("scored_on", models.DateField(null=True, verbose_name="all scores are of")),
            ],
            options={
                "verbose_name": "rule of a tag",
                "verbose_name_plural": "rules of tags",
            },
        ),
        migrations.CreateModel(
            name="ScoreDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="members.member",
                    ),
                ),
            ],
            options={
                "verbose_name": "member to be scored",
                "verbose_name_plural": "members to be scored",
            },
        ),
        migrations.CreateModel(
            name="TagSample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="ts_")),
                (
                    "tag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="samples",
                        to="members.tag",
                        verbose_name="tag",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drawn by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="drawn")),
            ],
            options={
                "verbose_name": "sample of a tag",
                "verbose_name_plural": "samples of tags",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Field",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="fd_")),
                (
                    "key",
                    models.CharField(
                        help_text="By which files, the API and segments name it.",
                        max_length=40,
                        unique=True,
                        verbose_name="key",
                    ),
                ),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "line of text"),
                            ("number", "number"),
                            ("date", "date"),
                            ("boolean", "yes or no"),
                            ("choice", "one of several"),
                            ("choices", "some of several"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "choices",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="choices",
                    ),
                ),
                (
                    "is_personal",
                    models.BooleanField(
                        default=False,
                        help_text="Shown in full only to seats that serve customers.",
                        verbose_name="personal",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("rank", models.IntegerField(default=0, verbose_name="rank")),
                ("at", models.DateTimeField(verbose_name="made")),
            ],
            options={
                "verbose_name": "field",
                "verbose_name_plural": "fields",
                "ordering": ["-rank", "id"],
            },
        ),
        migrations.CreateModel(
            name="Marking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="markings",
                        to="members.tagrun",
                        verbose_name="run",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="markings",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="members.tag",
                        verbose_name="tag",
                    ),
                ),
                (
                    "corp",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="wecom.corp",
                        verbose_name="corp",
                    ),
                ),
                ("userid", models.CharField(max_length=64, verbose_name="guide")),
                ("external_userid", models.CharField(max_length=64)),
                ("puts_on", models.BooleanField(verbose_name="put on")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("asked", "WeCom is being asked"),
                            ("done", "done"),
                            ("refused", "refused by WeCom"),
                            ("cancelled", "not done any more"),
                        ],
                        default="waiting",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("call_id", models.BigIntegerField(null=True)),
                ("errcode", models.IntegerField(null=True, verbose_name="code")),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="asked for")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "tag to be put on",
                "verbose_name_plural": "tags to be put on",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["corp", "id"], name="markings_waiting"
                    ),
                    models.Index(condition=models.Q(("state", "asked")), fields=["call_id"], name="markings_asked"),
                    models.Index(
                        condition=models.Q(("state", "asked")),
                        fields=["corp", "userid", "external_userid"],
                        name="markings_asked_of_a_pair",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SampledMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sample",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sampled",
                        to="members.tagsample",
                        verbose_name="sample",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                (
                    "says",
                    models.CharField(
                        blank=True,
                        choices=[("right", "right"), ("wrong", "wrong"), ("unsure", "cannot tell")],
                        max_length=6,
                        verbose_name="verdict",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(null=True, verbose_name="at")),
            ],
            options={
                "verbose_name": "member of a sample",
                "verbose_name_plural": "members of samples",
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("sample", "member"), name="a_member_stands_once_in_a_sample")
                ],
            },
        ),
        migrations.CreateModel(
            name="FieldValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="field_values",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                (
                    "field",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="values",
                        to="members.field",
                        verbose_name="field",
                    ),
                ),
                ("text", models.CharField(max_length=300, null=True, verbose_name="text")),
                ("number", models.DecimalField(decimal_places=4, max_digits=18, null=True, verbose_name="number")),
                ("date", models.DateField(null=True, verbose_name="date")),
                ("boolean", models.BooleanField(null=True, verbose_name="yes or no")),
                (
                    "choices",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), null=True, size=None, verbose_name="choices"
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="since")),
            ],
            options={
                "verbose_name": "value of a field",
                "verbose_name_plural": "values of fields",
                "indexes": [models.Index(fields=["field", "member"], name="members_with_a_field")],
                "constraints": [
                    models.UniqueConstraint(fields=("member", "field"), name="a_field_says_one_thing_of_a_member")
                ],
            },
        ),
        migrations.CreateModel(
            name="FieldChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="field_changes",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                (
                    "field",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.field",
                        verbose_name="field",
                    ),
                ),
                ("before", models.JSONField(null=True, verbose_name="before")),
                ("after", models.JSONField(null=True, verbose_name="after")),
                ("source", models.CharField(max_length=20, verbose_name="source")),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
            ],
            options={
                "verbose_name": "change of a field",
                "verbose_name_plural": "changes of fields",
            },
        ),
    ]
