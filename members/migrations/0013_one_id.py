import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.ids

KINDS = [
    ("external_userid", "WeCom external_userid"),
    ("unionid", "WeChat unionid"),
    ("phone", "phone"),
    ("card", "member card"),
    ("openid", "WeChat openid"),
    ("marketplace", "marketplace id"),
]
RULES = [
    ("decision", "somebody at HQ says so"),
    ("unionid", "the same WeChat unionid"),
    ("external_userid", "the same WeCom external_userid"),
    ("card", "the same member card"),
    ("openid", "the same WeChat openid"),
    ("marketplace", "the same marketplace id"),
    ("phone", "the same verified phone"),
]
STATES = [
    ("open", "to be decided"),
    ("later", "later"),
    ("same", "the same person"),
    ("not_same", "two people"),
    ("gone", "settled by itself"),
]
WHYS = [
    ("phone", "The same phone, which nobody verified"),
    ("veto", "They share an id, but other ids of theirs contradict each other"),
    ("limit", "They share an id, but one person would have too many of a kind"),
    ("shared", "Too many customers claim the same id"),
    ("person", "Somebody decided it without being asked"),
]
REASONS = [
    ("store", "a phone of a store"),
    ("guide", "a phone of a guide"),
    ("test", "a number for trials"),
    ("shared", "claimed by too many customers"),
    ("other", "another reason"),
]
CASCADE, PROTECT = django.db.models.deletion.CASCADE, django.db.models.deletion.PROTECT
PK = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def member(says, related="+"):
    return models.ForeignKey(on_delete=CASCADE, related_name=related, to="members.member", verbose_name=says)


def evidence(says):
    return models.ForeignKey(
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name="+",
        to="members.identity",
        verbose_name=says,
    )


def person(says):
    return models.ForeignKey(
        null=True, on_delete=PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name=says
    )


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0012_requests_and_registration"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "identity",
            "app",
            models.CharField(blank=True, db_default="", default="", max_length=64, verbose_name="app"),
        ),
        migrations.AddField("identity", "key_id", models.BinaryField(max_length=4, null=True)),
        migrations.AlterField("identity", "kind", models.CharField(choices=KINDS, max_length=20, verbose_name="kind")),
        migrations.CreateModel(
            name="BlockedValue",
            fields=[
                PK,
                ("kind", models.CharField(choices=KINDS, max_length=20, verbose_name="kind")),
                ("app", models.CharField(blank=True, max_length=64, verbose_name="app")),
                ("value", models.CharField(max_length=64, verbose_name="value")),
                ("shown", models.CharField(max_length=64, verbose_name="value")),
                ("reason", models.CharField(choices=REASONS, max_length=10, verbose_name="reason")),
                (
                    "blocks",
                    models.BooleanField(
                        default=True, help_text="No: it counts whatever the rule says.", verbose_name="blocked"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="since")),
                ("by", person("by")),
            ],
            options={
                "verbose_name": "blocked id",
                "verbose_name_plural": "blocked ids",
                "constraints": [models.UniqueConstraint(fields=["kind", "app", "value"], name="an_id_is_blocked_once")],
            },
        ),
        migrations.CreateModel(
            name="IdentityLink",
            fields=[
                PK,
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
                (
                    "identity",
                    models.ForeignKey(
                        on_delete=CASCADE, related_name="links", to="members.identity", verbose_name="identity"
                    ),
                ),
                ("member", member("customer", "links")),
            ],
            options={
                "verbose_name": "claim of an identity",
                "verbose_name_plural": "claims of identities",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["identity", "member", "source"], name="a_source_claims_an_identity_once_for_a_member"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                PK,
                ("public_id", scrm.ids.PublicId(prefix="mg_")),
                ("rule", models.CharField(choices=RULES, max_length=20, verbose_name="rule")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="merged at")),
                ("undone_at", models.DateTimeField(null=True, verbose_name="undone at")),
                ("by", person("by")),
                ("identity", evidence("evidence")),
                ("loser", member("merged customer", "lost")),
                ("undone_by", person("undone by")),
                ("winner", member("surviving customer", "won")),
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
                PK,
                ("public_id", scrm.ids.PublicId(prefix="rv_")),
                ("why", models.CharField(choices=WHYS, max_length=10, verbose_name="why")),
                (
                    "against",
                    models.CharField(blank=True, choices=KINDS, max_length=20, verbose_name="what contradicts"),
                ),
                ("state", models.CharField(choices=STATES, default="open", max_length=10, verbose_name="state")),
                ("at", models.DateTimeField(verbose_name="since")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                ("by", person("by")),
                ("high", member("customer")),
                ("identity", evidence("shared id")),
                ("low", member("customer")),
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
    ]
