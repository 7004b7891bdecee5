import django.db.models.deletion
import scrm.ids
import scrm.sealed
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Terms in versions, registration pages, personal links, and what a customer may ask for."""

    dependencies = [
        ("members", "0004_one_id"),
        ("stores", "0004_city_tiers"),
        ("wecom", "0007_bans"),
    ]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="through",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.member",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="source",
            field=models.CharField(
                choices=[
                    ("import", "import"),
                    ("form", "registration page"),
                    ("guide", "told to a guide"),
                    ("hq", "told to HQ"),
                    ("api", "another system"),
                ],
                max_length=10,
                verbose_name="source",
            ),
        ),
        migrations.CreateModel(
            name="Terms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(max_length=60, verbose_name="version")),
                (
                    "controller",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.franchisee",
                        verbose_name="controller",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                ("body", models.TextField(blank=True, verbose_name="privacy notice")),
                ("purposes", models.JSONField(default=dict, verbose_name="texts by purpose")),
                ("renewed", models.JSONField(default=list, verbose_name="purposes that need a new consent")),
                ("valid_from", models.DateTimeField(verbose_name="valid from")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written down by",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made")),
            ],
            options={
                "verbose_name": "terms",
                "verbose_name_plural": "terms",
                "ordering": ["-valid_from", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("controller", "version"),
                        name="a_version_of_terms_is_written_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Invite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="j_")),
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
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="guide",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=60, verbose_name="name")),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="until")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("used", models.IntegerField(default=0, verbose_name="registrations")),
            ],
            options={
                "verbose_name": "registration link",
                "verbose_name_plural": "registration links",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="JoinForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("intro", models.CharField(blank=True, max_length=200, verbose_name="welcome")),
                ("asks_name", models.BooleanField(default=True, verbose_name="asks for the name")),
                ("asks_birthday", models.BooleanField(default=True, verbose_name="asks for the birthday")),
                ("fields", models.JSONField(default=list, verbose_name="custom fields")),
                ("changed_at", models.DateTimeField(verbose_name="changed")),
            ],
            options={
                "verbose_name": "registration page",
                "verbose_name_plural": "registration pages",
            },
        ),
        migrations.CreateModel(
            name="PhoneCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("phone", models.BinaryField(db_index=True, max_length=32)),
                ("code", models.BinaryField(max_length=32)),
                ("tries", models.SmallIntegerField(default=0)),
                ("at", models.DateTimeField(verbose_name="sent at")),
                ("expires_at", models.DateTimeField(verbose_name="until")),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "code for a phone",
                "verbose_name_plural": "codes for phones",
            },
        ),
        migrations.CreateModel(
            name="Knock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=20)),
                ("who", models.BinaryField(max_length=32)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "knock at the registration page",
                "verbose_name_plural": "knocks at the registration page",
                "indexes": [
                    models.Index(fields=["who", "at"], name="knocks_of_one"),
                    models.Index(fields=["at"], name="knocks_by_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="q_")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("export", "a copy of the data"),
                            ("correct", "correction"),
                            ("delete", "erasure"),
                            ("restrict", "restriction"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "waiting until it is known who asks"),
                            ("verified", "to be worked on"),
                            ("approved", "approved"),
                            ("done", "done"),
                            ("refused", "refused"),
                        ],
                        default="asked",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="data_requests",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("page", "her own page"),
                            ("store", "in a store"),
                            ("phone", "by phone"),
                            ("wecom", "in WeCom"),
                            ("letter", "in writing"),
                            ("api", "another system"),
                        ],
                        max_length=10,
                        verbose_name="asked",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                ("due_on", models.DateField(verbose_name="due")),
                ("note", scrm.sealed.SealedField(blank=True, editable=True, null=True, verbose_name="in her words")),
                ("wanted", scrm.sealed.SealedField(editable=True, null=True, verbose_name="to be corrected")),
                (
                    "proof",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("phone_code", "a code sent to her phone"),
                            ("her_link", "her personal link and the whole phone number"),
                            ("papers", "identity papers seen"),
                            ("known", "known to the guide in person"),
                            ("guardian", "guardian of a minor, papers seen"),
                        ],
                        max_length=10,
                        verbose_name="who asks is known by",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written down by",
                    ),
                ),
                (
                    "verified_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="verified by",
                    ),
                ),
                ("verified_at", models.DateTimeField(null=True, verbose_name="verified at")),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved at")),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answered by",
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True, verbose_name="answered at")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason of the refusal")),
                ("result", models.JSONField(default=dict, verbose_name="what was done")),
            ],
            options={
                "verbose_name": "request about data",
                "verbose_name_plural": "requests about data",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["asked", "verified", "approved"])),
                        fields=["due_on"],
                        name="requests_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["asked", "verified", "approved"])),
                        fields=("member", "kind"),
                        name="a_person_asks_for_one_thing_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "delete"), ("state__in", ["approved", "done"]), _negated=True),
                            models.Q(
                                ("approved_by__isnull", False),
                                models.Q(("approved_by", models.F("verified_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="an_erasure_is_approved_by_another_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True, verbose_name="day")),
                ("works", models.BooleanField(default=False, verbose_name="a working day")),
                ("name", models.CharField(blank=True, max_length=60, verbose_name="name")),
            ],
            options={
                "verbose_name": "holiday",
                "verbose_name_plural": "holidays",
                "ordering": ["day"],
            },
        ),
        migrations.CreateModel(
            name="Forgotten",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "corp",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wecom.corp",
                        verbose_name="corp",
                    ),
                ),
                ("digest", models.BinaryField(max_length=32)),
                (
                    "identity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="members.identity",
                        verbose_name="identity",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="erased")),
            ],
            options={
                "verbose_name": "forgotten id",
                "verbose_name_plural": "forgotten ids",
                "constraints": [models.UniqueConstraint(fields=("corp", "digest"), name="an_id_is_forgotten_once")],
            },
        ),
        migrations.CreateModel(
            name="Copy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="cp_")),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="copies",
                        to="members.datarequest",
                        verbose_name="request",
                    ),
                ),
                (
                    "made_for",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made for",
                    ),
                ),
                ("content", models.BinaryField()),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("expires_at", models.DateTimeField(verbose_name="until")),
                ("fetched", models.SmallIntegerField(default=0, verbose_name="fetched")),
            ],
            options={
                "verbose_name": "copy of a person's data",
                "verbose_name_plural": "copies of persons' data",
            },
        ),
    ]
