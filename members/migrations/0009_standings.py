import django.db.models.deletion
import django.db.models.expressions
import scrm.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Stage of life, grades, and by which ways people can be reached."""

    dependencies = [
        ("members", "0008_tags_and_fields"),
        ("stores", "0004_city_tiers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Home",
            fields=[
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="home",
                        serialize=False,
                        to="members.member",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.store",
                        verbose_name="home store",
                    ),
                ),
                ("city_tier", models.SmallIntegerField(db_index=True, null=True, verbose_name="city tier")),
            ],
            options={
                "verbose_name": "home of a customer",
                "verbose_name_plural": "homes of customers",
            },
        ),
        migrations.CreateModel(
            name="StageRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_on", models.DateField(unique=True, verbose_name="in force from")),
                (
                    "risk_after",
                    models.PositiveSmallIntegerField(
                        default=15, verbose_name="at risk after so many of her own gaps, in tenths"
                    ),
                ),
                (
                    "lost_after",
                    models.PositiveSmallIntegerField(
                        default=40, verbose_name="lost after so many of her own gaps, in tenths"
                    ),
                ),
                (
                    "usual_gap",
                    models.PositiveSmallIntegerField(
                        default=60, verbose_name="gap of somebody without a rhythm, in days"
                    ),
                ),
                (
                    "risk_least",
                    models.PositiveSmallIntegerField(default=30, verbose_name="at risk not before, in days"),
                ),
                (
                    "risk_most",
                    models.PositiveSmallIntegerField(default=180, verbose_name="at risk at the latest, in days"),
                ),
                ("lost_least", models.PositiveSmallIntegerField(default=90, verbose_name="lost not before, in days")),
                (
                    "lost_most",
                    models.PositiveSmallIntegerField(default=365, verbose_name="lost at the latest, in days"),
                ),
                (
                    "by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("made_at", models.DateTimeField(editable=False, verbose_name="made")),
            ],
            options={
                "verbose_name": "lifecycle rule",
                "verbose_name_plural": "lifecycle rules",
                "ordering": ["-starts_on"],
            },
        ),
        migrations.CreateModel(
            name="MemberStage",
            fields=[
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="stage",
                        serialize=False,
                        to="members.member",
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("lead", "lead"),
                            ("added", "added a guide"),
                            ("member", "member"),
                            ("first_order", "first order"),
                            ("repeat", "repeat buyer"),
                            ("advocate", "advocate"),
                            ("at_risk", "at risk"),
                            ("lost", "lost"),
                        ],
                        max_length=12,
                        verbose_name="stage",
                    ),
                ),
                ("since", models.DateTimeField(verbose_name="since")),
                ("cause", models.CharField(max_length=40, verbose_name="moved by")),
                ("telling", models.IntegerField(default=1, verbose_name="telling")),
                ("due_on", models.DateField(null=True)),
            ],
            options={
                "verbose_name": "stage of a customer",
                "verbose_name_plural": "stages of customers",
                "indexes": [
                    models.Index(fields=["stage"], name="people_by_stage"),
                    models.Index(
                        condition=models.Q(("due_on__isnull", False)), fields=["due_on"], name="stages_moved_by_time"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StageChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stage_changes",
                        to="members.member",
                    ),
                ),
                ("telling", models.IntegerField()),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("lead", "lead"),
                            ("added", "added a guide"),
                            ("member", "member"),
                            ("first_order", "first order"),
                            ("repeat", "repeat buyer"),
                            ("advocate", "advocate"),
                            ("at_risk", "at risk"),
                            ("lost", "lost"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("cause", models.CharField(max_length=40)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "change of a stage",
                "verbose_name_plural": "changes of stages",
                "indexes": [models.Index(fields=["member", "telling", "at"], name="steps_of_a_life")],
            },
        ),
        migrations.CreateModel(
            name="GradeRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="gr_")),
                ("starts_on", models.DateField(unique=True, verbose_name="in force from")),
                ("window", models.PositiveSmallIntegerField(default=365, verbose_name="orders of the last days")),
                (
                    "among",
                    models.CharField(
                        choices=[("brand", "all buyers of the brand"), ("store", "the buyers of the same store")],
                        default="brand",
                        max_length=8,
                        verbose_name="measured among",
                    ),
                ),
                ("weight_r", models.PositiveSmallIntegerField(default=1, verbose_name="weight of recency")),
                ("weight_f", models.PositiveSmallIntegerField(default=1, verbose_name="weight of frequency")),
                ("weight_m", models.PositiveSmallIntegerField(default=1, verbose_name="weight of money")),
                ("a_from", models.PositiveSmallIntegerField(default=75, verbose_name="A from so many of 100 points")),
                ("b_from", models.PositiveSmallIntegerField(default=40, verbose_name="B from so many of 100 points")),
                (
                    "by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("made_at", models.DateTimeField(editable=False, verbose_name="made")),
            ],
            options={
                "verbose_name": "grade rule",
                "verbose_name_plural": "grade rules",
                "ordering": ["-starts_on"],
            },
        ),
        migrations.CreateModel(
            name="GradeChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="grade_changes", to="members.member"
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
                    ),
                ),
                ("grade", models.CharField(blank=True, choices=[("A", "A"), ("B", "B"), ("C", "C")], max_length=1)),
                ("before", models.CharField(blank=True, choices=[("A", "A"), ("B", "B"), ("C", "C")], max_length=1)),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("rule", "by the rule"),
                            ("word", "set by hand"),
                            ("expired", "the time of the grade set by hand was over"),
                        ],
                        max_length=8,
                    ),
                ),
                ("at", models.DateTimeField()),
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
                ("reason", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "change of a grade",
                "verbose_name_plural": "changes of grades",
            },
        ),
        migrations.CreateModel(
            name="GradeCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.store",
                    ),
                ),
                ("tier", models.SmallIntegerField(null=True)),
                ("score_r", models.SmallIntegerField()),
                ("score_f", models.SmallIntegerField()),
                ("score_m", models.SmallIntegerField()),
                ("grade", models.CharField(choices=[("A", "A"), ("B", "B"), ("C", "C")], max_length=1)),
                ("people", models.IntegerField()),
                ("spent_fen", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "count of grades",
                "verbose_name_plural": "counts of grades",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "tier", "score_r", "score_f", "score_m", "grade"),
                        name="scores_of_a_store_are_counted_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Round",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("last", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "round over customers",
                "verbose_name_plural": "rounds over customers",
            },
        ),
        migrations.CreateModel(
            name="ReachCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="as of")),
                (
                    "kind",
                    models.CharField(
                        choices=[("brand", "brand"), ("region", "region"), ("tier", "city tier"), ("store", "store")],
                        max_length=8,
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.region",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.store",
                    ),
                ),
                ("tier", models.SmallIntegerField(null=True)),
                ("people", models.IntegerField(verbose_name="customers")),
                ("by_guide", models.IntegerField(verbose_name="by a guide")),
                ("by_group", models.IntegerField(default=0, verbose_name="by a group")),
                ("by_phone", models.IntegerField(verbose_name="by phone only")),
                ("by_nothing", models.IntegerField(verbose_name="by nothing")),
                ("registered", models.IntegerField(verbose_name="registered")),
                ("marketing", models.IntegerField(verbose_name="allow marketing")),
            ],
            options={
                "verbose_name": "count of reachable customers",
                "verbose_name_plural": "counts of reachable customers",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "kind", "region", "store", "tier"),
                        name="a_place_is_counted_once_a_day",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "people",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("by_guide"), "+", models.F("by_group")
                                        ),
                                        "+",
                                        models.F("by_phone"),
                                    ),
                                    "+",
                                    models.F("by_nothing"),
                                ),
                            )
                        ),
                        name="the_ways_to_reach_sum_up_to_all",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Activation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="al_")),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.store",
                        verbose_name="store",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made")),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
                ("words", models.CharField(max_length=300, verbose_name="text message")),
                ("people", models.IntegerField(verbose_name="invited")),
                ("unwilling", models.IntegerField(verbose_name="left out: marketing not allowed")),
                ("more", models.IntegerField(default=0, verbose_name="left out: the list is full")),
            ],
            options={
                "verbose_name": "activation list",
                "verbose_name_plural": "activation lists",
                "ordering": ["-made_at", "-pk"],
                "indexes": [models.Index(fields=["made_at"], name="activations_by_time")],
            },
        ),
        migrations.CreateModel(
            name="MemberGrade",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grades",
                        to="members.member",
                        verbose_name="customer",
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
                    "grade",
                    models.CharField(choices=[("A", "A"), ("B", "B"), ("C", "C")], max_length=1, verbose_name="grade"),
                ),
                (
                    "rule_grade",
                    models.CharField(
                        blank=True,
                        choices=[("A", "A"), ("B", "B"), ("C", "C")],
                        max_length=1,
                        verbose_name="grade by the rule",
                    ),
                ),
                ("score_r", models.SmallIntegerField(null=True, verbose_name="recency")),
                ("score_f", models.SmallIntegerField(null=True, verbose_name="frequency")),
                ("score_m", models.SmallIntegerField(null=True, verbose_name="money")),
                ("last_on", models.DateField(null=True, verbose_name="last order")),
                ("orders", models.IntegerField(null=True, verbose_name="orders")),
                ("spent_fen", models.BigIntegerField(null=True, verbose_name="spent (fen)")),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.graderule",
                    ),
                ),
                ("day", models.DateField(null=True, verbose_name="as of")),
                (
                    "override_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("override_until", models.DateField(null=True, verbose_name="until (excluded)")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
            ],
            options={
                "verbose_name": "grade of a customer",
                "verbose_name_plural": "grades of customers",
                "indexes": [
                    models.Index(fields=["store", "grade"], name="grades_of_a_store"),
                    models.Index(
                        condition=models.Q(("override_until__isnull", False)),
                        fields=["override_until"],
                        name="grades_set_by_hand",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("member", "store"), name="a_person_has_one_grade_per_store", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitee",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "activation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitees",
                        to="members.activation",
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
                    "reason",
                    models.CharField(
                        choices=[
                            ("never", "bought or joined here, never added a guide"),
                            ("lost", "deleted her guide"),
                        ],
                        max_length=8,
                        verbose_name="reason",
                    ),
                ),
                ("was_registered", models.BooleanField(default=False)),
                ("had_ordered", models.BooleanField(default=False)),
            ],
            options={
                "verbose_name": "invited customer",
                "verbose_name_plural": "invited customers",
                "constraints": [
                    models.UniqueConstraint(fields=("activation", "member"), name="a_list_names_a_customer_once")
                ],
            },
        ),
    ]
