import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import scrm.ids
import scrm.sealed
from django.conf import settings
from django.db import migrations, models

TABLE = """
CREATE SEQUENCE members_event_id_seq AS bigint;
CREATE TABLE members_event (
    id bigint NOT NULL DEFAULT nextval('members_event_id_seq'),
    number varchar(64) NOT NULL,
    kind varchar(32) NOT NULL,
    at timestamptz NOT NULL,
    day date NOT NULL,
    payload jsonb NOT NULL,
    told_at timestamptz NOT NULL,
    member_id bigint NOT NULL REFERENCES members_member (id) DEFERRABLE INITIALLY DEFERRED,
    seller_id bigint REFERENCES stores_person (id) DEFERRABLE INITIALLY DEFERRED,
    source_id bigint NOT NULL REFERENCES members_source (id) DEFERRABLE INITIALLY DEFERRED,
    store_id bigint REFERENCES stores_store (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (id, at),
    CONSTRAINT an_event_is_told_once UNIQUE (source_id, number, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE members_event_id_seq OWNED BY members_event.id;
-- What falls outside of the months that were made ready still finds its place.
CREATE TABLE members_event_rest PARTITION OF members_event DEFAULT;

CREATE INDEX events_of_a_member ON members_event (member_id, at);
CREATE INDEX events_by_kind ON members_event (kind, at, member_id);
CREATE INDEX events_of_a_store ON members_event (store_id, id) WHERE store_id IS NOT NULL;
CREATE INDEX events_of_a_seller ON members_event (seller_id, id) WHERE seller_id IS NOT NULL;
"""

# The app role owns nothing: months are made and dropped by these, which run as the owner.
MONTHS = """
CREATE FUNCTION members_event_make_months(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    month date := date_trunc('month', first)::date;
    part text;
    made integer := 0;
BEGIN
    WHILE month <= last LOOP
        part := 'members_event_' || to_char(month, 'YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF members_event FOR VALUES FROM (%L) TO (%L)', part,
                    month::timestamp AT TIME ZONE 'Asia/Shanghai',
                    (month + interval '1 month')::timestamp AT TIME ZONE 'Asia/Shanghai'
                );
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                NULL;  -- members_event_rest has events of this month: they stay together there
            END;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END $$;

-- Whole months that ended by a day; none of them younger than 180 days whatever is asked for.
CREATE FUNCTION members_event_drop_months(before date) RETURNS SETOF date
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part text;
    month date;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'members_event'::regclass AND c.relname ~ '^members_event_[0-9]{4}_[0-9]{2}$' ORDER BY 1
    LOOP
        month := to_date(right(part, 7), 'YYYY_MM');
        IF month + interval '1 month' <= least(before, (now() AT TIME ZONE 'Asia/Shanghai')::date - 180) THEN
            EXECUTE format('DROP TABLE %I', part);
            RETURN NEXT month;
        END IF;
    END LOOP;
END $$;

-- The months that events may still come for, and a year ahead.
SELECT members_event_make_months(
    ((now() AT TIME ZONE 'Asia/Shanghai') - interval '24 months')::date,
    ((now() AT TIME ZONE 'Asia/Shanghai') + interval '1 year')::date
);
"""
UNDO = """
DROP FUNCTION members_event_drop_months(date);
DROP FUNCTION members_event_make_months(date, date);
DROP TABLE members_event;
"""

EVENT = migrations.CreateModel(
    name="Event",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        (
            "number",
            models.CharField(
                help_text="The source's own; what comes again is known by it.", max_length=64, verbose_name="number"
            ),
        ),
        ("kind", models.CharField(max_length=32, verbose_name="kind")),
        ("at", models.DateTimeField(verbose_name="at")),
        ("day", models.DateField(verbose_name="day")),
        ("payload", models.JSONField(default=dict, verbose_name="details")),
        ("told_at", models.DateTimeField(verbose_name="told")),
        (
            "member",
            models.ForeignKey(
                db_index=False,
                on_delete=models.PROTECT,
                related_name="events",
                to="members.member",
                verbose_name="customer",
            ),
        ),
        (
            "seller",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=models.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="guide",
            ),
        ),
        (
            "store",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=models.PROTECT,
                related_name="+",
                to="stores.store",
                verbose_name="store",
            ),
        ),
        (
            "source",
            models.ForeignKey(
                db_index=False, on_delete=models.PROTECT, related_name="+", to="members.source", verbose_name="source"
            ),
        ),
    ],
    options={
        "verbose_name": "event",
        "verbose_name_plural": "events",
        "ordering": ["-pk"],
        "indexes": [
            models.Index(fields=["member", "at"], name="events_of_a_member"),
            models.Index(fields=["kind", "at", "member"], name="events_by_kind"),
            models.Index(
                condition=models.Q(("store", None), _negated=True), fields=["store", "id"], name="events_of_a_store"
            ),
            models.Index(
                condition=models.Q(("seller", None), _negated=True), fields=["seller", "id"], name="events_of_a_seller"
            ),
        ],
        "constraints": [models.UniqueConstraint(fields=("source", "number", "at"), name="an_event_is_told_once")],
    },
)


class Migration(migrations.Migration):
    """Sources with what they delivered and pushed, and events in a table for each month."""

    dependencies = [
        ("members", "0005_consents_and_rights"),
        ("stores", "0004_city_tiers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="so_")),
                (
                    "code",
                    models.CharField(
                        help_text="As its rows name it, such as pos.",
                        max_length=40,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[\\w.:-]{1,40}\\Z", "1 to 40 letters, digits or . : _ - without spaces."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("api", "rows through the API"),
                            ("adapter", "pushes in its own words"),
                            ("file", "files"),
                            ("wecom", "WeCom"),
                        ],
                        default="api",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "adapter",
                    models.CharField(
                        blank=True,
                        help_text="Which system's words a push or a file is written in.",
                        max_length=30,
                        verbose_name="adapter",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who is asked when it falls silent.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="responsible",
                    ),
                ),
                (
                    "fields",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Our fields and how the source calls each.",
                        verbose_name="field map",
                    ),
                ),
                (
                    "options",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="What its rows do not say themselves, such as the app.",
                        verbose_name="options",
                    ),
                ),
                (
                    "expected_every",
                    models.DurationField(
                        blank=True,
                        help_text="Longer silence raises an alarm.",
                        null=True,
                        verbose_name="delivers at least every",
                    ),
                ),
                (
                    "error_percent",
                    models.PositiveSmallIntegerField(
                        db_default=5,
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="refused rows that need somebody, in percent",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("live", "live"), ("paused", "paused")],
                        default="live",
                        max_length=6,
                        verbose_name="state",
                    ),
                ),
                ("secret", scrm.sealed.SealedField(editable=True, null=True)),
                ("created_at", models.DateTimeField(verbose_name="known since")),
            ],
            options={
                "verbose_name": "data source",
                "verbose_name_plural": "data sources",
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="members.source",
                        verbose_name="source",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("orders", "orders"),
                            ("events", "events"),
                            ("products", "products"),
                            ("members", "customers"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                (
                    "door",
                    models.CharField(
                        choices=[("api", "API"), ("push", "push"), ("file", "file")],
                        default="api",
                        max_length=5,
                        verbose_name="door",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("rows", models.PositiveIntegerField(verbose_name="rows")),
                ("created", models.PositiveIntegerField(default=0, verbose_name="new")),
                ("updated", models.PositiveIntegerField(default=0, verbose_name="changed")),
                ("unchanged", models.PositiveIntegerField(default=0, verbose_name="as before")),
                ("rejected", models.PositiveIntegerField(default=0, verbose_name="refused")),
                ("reasons", models.JSONField(default=dict, verbose_name="why rows were refused")),
                ("examples", models.JSONField(default=list, verbose_name="refused rows, masked")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=120, verbose_name="note")),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["source", "at"], name="deliveries_of_a_source"),
                    models.Index(fields=["at"], name="deliveries_by_time"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "rows",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("created"), "+", models.F("updated")
                                        ),
                                        "+",
                                        models.F("unchanged"),
                                    ),
                                    "+",
                                    models.F("rejected"),
                                ),
                            )
                        ),
                        name="a_delivery_answers_every_row",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Push",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pushes",
                        to="members.source",
                        verbose_name="source",
                    ),
                ),
                (
                    "door",
                    models.CharField(
                        choices=[("api", "API"), ("push", "push"), ("file", "file")],
                        db_default="push",
                        default="push",
                        max_length=5,
                        verbose_name="door",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("note", models.CharField(blank=True, db_default="", max_length=120, verbose_name="note")),
                ("digest", models.BinaryField(max_length=32)),
                ("body", models.BinaryField(help_text="Sealed; empty once it is no longer kept.")),
                ("received_at", models.DateTimeField(verbose_name="received")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("applied", "applied"), ("parked", "parked")],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("handled_at", models.DateTimeField(null=True, verbose_name="handled")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("last_error", models.CharField(blank=True, max_length=200, verbose_name="last error")),
                (
                    "delivery",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="members.delivery",
                        verbose_name="delivery",
                    ),
                ),
            ],
            options={
                "verbose_name": "push",
                "verbose_name_plural": "pushes",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(condition=models.Q(("state", "waiting")), fields=["due_at"], name="pushes_to_apply"),
                    models.Index(
                        condition=models.Q(("state", "applied"), _negated=True),
                        fields=["source", "state"],
                        name="pushes_not_applied",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "digest"), name="the_same_push_is_kept_once")
                ],
            },
        ),
        migrations.RunSQL([TABLE, MONTHS], UNDO, state_operations=[EVENT]),
    ]
