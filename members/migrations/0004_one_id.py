import django.db.models.deletion
import scrm.ids
import scrm.sealed
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who is one person: claims with their evidence, merges, questions to people, and ids that say nothing."""

    dependencies = [
        ("members", "0003_members_by_name"),
        ("stores", "0004_city_tiers"),
    ]

    operations = [
        migrations.AddField(
            model_name="identity",
            name="app",
            field=models.CharField(blank=True, db_default="", default="", max_length=64, verbose_name="app"),
        ),
        migrations.AddField(
            model_name="identity",
            name="key_id",
            field=models.BinaryField(max_length=4, null=True),
        ),
        migrations.AddField(
            model_name="member",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased"),
        ),
        migrations.AddField(
            model_name="member",
            name="minor_until",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="a minor until"),
        ),
        migrations.AddField(
            model_name="member",
            name="registered_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="registered"),
        ),
        migrations.AlterField(
            model_name="identity",
            name="kind",
            field=models.CharField(
                choices=[
                    ("external_userid", "WeCom external_userid"),
                    ("unionid", "WeChat unionid"),
                    ("phone", "phone"),
                    ("card", "member card"),
                    ("openid", "WeChat openid"),
                    ("marketplace", "marketplace id"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="IdentityLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "identity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="members.identity",
                        verbose_name="identity",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                ("source", models.CharField(max_length=40, verbose_name="source")),
                ("evidence", models.JSONField(blank=True, default=dict, verbose_name="evidence")),
                (
                    "verified",
                    models.BooleanField(
                        default=False, help_text="The customer proved that it is hers.", verbose_name="verified"
                    ),
                ),
                ("since", models.DateTimeField(verbose_name="since")),
                ("until", models.DateTimeField(null=True, verbose_name="until")),
            ],
            options={
                "verbose_name": "claim of an identity",
                "verbose_name_plural": "claims of identities",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("identity", "member", "source"), name="a_source_claims_an_identity_once_for_a_member"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="mg_")),
                (
                    "winner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="won",
                        to="members.member",
                        verbose_name="surviving customer",
                    ),
                ),
                (
                    "loser",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lost",
                        to="members.member",
                        verbose_name="merged customer",
                    ),
                ),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("decision", "somebody at HQ says so"),
                            ("unionid", "the same WeChat unionid"),
                            ("external_userid", "the same WeCom external_userid"),
                            ("card", "the same member card"),
                            ("openid", "the same WeChat openid"),
                            ("marketplace", "the same marketplace id"),
                            ("phone", "the same verified phone"),
                        ],
                        max_length=20,
                        verbose_name="rule",
                    ),
                ),
                (
                    "identity",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="members.identity",
                        verbose_name="evidence",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="merged at")),
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
                ("undone_at", models.DateTimeField(null=True, verbose_name="undone at")),
                (
                    "undone_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="undone by",
                    ),
                ),
            ],
            options={
                "verbose_name": "merge",
                "verbose_name_plural": "merges",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at", None)),
                        fields=("loser",),
                        name="a_member_is_merged_into_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("winner", models.F("loser")), _negated=True),
                        name="nobody_is_merged_into_herself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="rv_")),
                (
                    "low",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                (
                    "high",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("phone", "The same phone, which nobody verified"),
                            ("veto", "They share an id, but other ids of theirs contradict each other"),
                            ("limit", "They share an id, but one person would have too many of a kind"),
                            ("person", "Somebody decided it without being asked"),
                        ],
                        max_length=10,
                        verbose_name="why",
                    ),
                ),
                (
                    "against",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("external_userid", "WeCom external_userid"),
                            ("unionid", "WeChat unionid"),
                            ("phone", "phone"),
                            ("card", "member card"),
                            ("openid", "WeChat openid"),
                            ("marketplace", "marketplace id"),
                        ],
                        max_length=20,
                        verbose_name="what contradicts",
                    ),
                ),
                (
                    "identity",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="members.identity",
                        verbose_name="shared id",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "to be decided"),
                            ("later", "later"),
                            ("same", "the same person"),
                            ("not_same", "two people"),
                            ("gone", "settled by itself"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="since")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
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
            ],
            options={
                "verbose_name": "question whether two are one",
                "verbose_name_plural": "questions whether two are one",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["open", "later"])),
                        fields=["state", "at", "id"],
                        name="reviews_to_work",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("low", "high"), name="two_members_are_asked_about_once"),
                    models.CheckConstraint(
                        condition=models.Q(("low__lt", models.F("high"))), name="the_smaller_key_stands_first"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BlockedValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("external_userid", "WeCom external_userid"),
                            ("unionid", "WeChat unionid"),
                            ("phone", "phone"),
                            ("card", "member card"),
                            ("openid", "WeChat openid"),
                            ("marketplace", "marketplace id"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("app", models.CharField(blank=True, max_length=64, verbose_name="app")),
                ("value", models.CharField(max_length=64, verbose_name="value")),
                ("sealed", scrm.sealed.SealedField(editable=True, null=True)),
                ("key_id", models.BinaryField(max_length=4, null=True)),
                ("shown", models.CharField(max_length=64, verbose_name="value")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("store", "a phone of a store"),
                            ("guide", "a phone of a guide"),
                            ("test", "a number for trials"),
                            ("shared", "claimed by too many customers"),
                            ("other", "another reason"),
                        ],
                        max_length=10,
                        verbose_name="reason",
                    ),
                ),
                (
                    "blocks",
                    models.BooleanField(
                        default=True, help_text="No: it counts whatever the rule says.", verbose_name="blocked"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="since")),
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
            ],
            options={
                "verbose_name": "blocked id",
                "verbose_name_plural": "blocked ids",
                "constraints": [models.UniqueConstraint(fields=("kind", "app", "value"), name="an_id_is_blocked_once")],
            },
        ),
    ]
