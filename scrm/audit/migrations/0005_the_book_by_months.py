import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

TABLE = """
ALTER TABLE audit_entry RENAME TO audit_entry_before;
ALTER TABLE audit_entry_before RENAME CONSTRAINT audit_entry_pkey TO audit_entry_before_pkey;
DROP INDEX audit_of_a_thing;
ALTER TABLE audit_entry_before ALTER COLUMN id DROP IDENTITY;
CREATE SEQUENCE audit_entry_id_seq AS bigint;

CREATE TABLE audit_entry (
    id bigint NOT NULL DEFAULT nextval('audit_entry_id_seq'),
    at timestamptz NOT NULL,
    actor_id bigint,
    system varchar(32) NOT NULL DEFAULT '',
    verb varchar(64) NOT NULL,
    kind varchar(64) NOT NULL,
    subject_id varchar(64) NOT NULL,
    customer varchar(24) NOT NULL DEFAULT '',
    store varchar(24) NOT NULL DEFAULT '',
    rows integer CHECK (rows >= 0),
    address inet,
    request_id varchar(64) NOT NULL DEFAULT '',
    detail jsonb NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE audit_entry_id_seq OWNED BY audit_entry.id;
-- What falls outside of the months that were made ready still finds its place.
CREATE TABLE audit_entry_rest PARTITION OF audit_entry DEFAULT;

CREATE INDEX audit_by_time ON audit_entry (at, id);
CREATE INDEX audit_by_person ON audit_entry (actor_id, at) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_by_verb ON audit_entry (verb, at);
CREATE INDEX audit_of_a_thing ON audit_entry (kind, subject_id, at);
CREATE INDEX audit_of_a_customer ON audit_entry (customer, at) WHERE customer <> '';
CREATE INDEX audit_of_a_store ON audit_entry (store, at) WHERE store <> '';
CREATE INDEX audit_by_address ON audit_entry (address, at) WHERE address IS NOT NULL;
"""

MONTHS = """
CREATE FUNCTION audit_make_months(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    month date := date_trunc('month', first)::date;
    part text;
    made integer := 0;
BEGIN
    WHILE month <= last LOOP
        part := 'audit_entry_' || to_char(month, 'YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF audit_entry FOR VALUES FROM (%L) TO (%L)', part,
                    month::timestamp AT TIME ZONE 'Asia/Shanghai',
                    (month + interval '1 month')::timestamp AT TIME ZONE 'Asia/Shanghai'
                );
                EXECUTE format(
                    'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %I '
                    'FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history()', part
                );
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                NULL;  -- audit_entry_rest has entries of this month: they stay together there
            END;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END $$;

-- The only way in which entries go: whole months, none of them younger than 180 days whatever is asked for.
CREATE FUNCTION audit_drop_months(before date) RETURNS SETOF date
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part text;
    month date;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'audit_entry'::regclass AND c.relname ~ '^audit_entry_[0-9]{4}_[0-9]{2}$' ORDER BY 1
    LOOP
        month := to_date(right(part, 7), 'YYYY_MM');
        IF month + interval '1 month' <= least(before, (now() AT TIME ZONE 'Asia/Shanghai')::date - 180) THEN
            EXECUTE format('DROP TABLE %I', part);
            RETURN NEXT month;
        END IF;
    END LOOP;
END $$;
"""

FILL = """
SELECT audit_make_months(
    (SELECT coalesce(min(at), now()) AT TIME ZONE 'Asia/Shanghai' FROM audit_entry_before)::date,
    ((now() AT TIME ZONE 'Asia/Shanghai') + interval '1 year')::date
);
INSERT INTO audit_entry (id, at, actor_id, verb, kind, subject_id, detail)
SELECT id, at, actor_id, verb, kind, subject_id, detail FROM audit_entry_before ORDER BY id;
SELECT setval('audit_entry_id_seq', coalesce((SELECT max(id) FROM audit_entry), 0) + 1, false);
DROP TABLE audit_entry_before;

CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_history();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_entry_rest
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history();
"""

INDEXES = [
    models.Index(fields=["at", "id"], name="audit_by_time"),
    models.Index(fields=["actor", "at"], condition=~Q(actor=None), name="audit_by_person"),
    models.Index(fields=["verb", "at"], name="audit_by_verb"),
    models.Index(fields=["kind", "subject_id", "at"], name="audit_of_a_thing"),
    models.Index(fields=["customer", "at"], condition=~Q(customer=""), name="audit_of_a_customer"),
    models.Index(fields=["store", "at"], condition=~Q(store=""), name="audit_of_a_store"),
    models.Index(fields=["address", "at"], condition=~Q(address=None), name="audit_by_address"),
]
STATE = [
    migrations.RemoveIndex("entry", "audit_of_a_thing"),
    migrations.AlterModelOptions(
        "entry",
        {"verbose_name": "audit entry", "verbose_name_plural": "audit entries", "ordering": ["-at", "-id"]},
    ),
    migrations.AlterField("entry", "at", models.DateTimeField(verbose_name="at")),
    migrations.AlterField(
        "entry",
        "actor",
        models.ForeignKey(
            db_constraint=False,
            db_index=False,
            null=True,
            on_delete=django.db.models.deletion.PROTECT,
            related_name="+",
            to=settings.AUTH_USER_MODEL,
            verbose_name="who",
        ),
    ),
    migrations.AddField(
        "entry", "system", models.CharField(db_default="", max_length=32, verbose_name="part of the system")
    ),
    migrations.AddField("entry", "customer", models.CharField(db_default="", max_length=24, verbose_name="customer")),
    migrations.AddField("entry", "store", models.CharField(db_default="", max_length=24, verbose_name="store")),
    migrations.AddField("entry", "rows", models.PositiveIntegerField(null=True, verbose_name="rows")),
    migrations.AddField("entry", "address", models.GenericIPAddressField(null=True, verbose_name="address")),
    migrations.AddField("entry", "request_id", models.CharField(db_default="", max_length=64, verbose_name="request id")),
    *(migrations.AddIndex("entry", index) for index in INDEXES),
]


class Migration(migrations.Migration):
    """The audit book keeps a table a month, so that a month that is no longer kept goes at once.

    Until here the book held what people changed, which is little: it is copied.
    """

    dependencies = [("audit", "0004_watched"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.RunSQL([TABLE, MONTHS, FILL], migrations.RunSQL.noop, state_operations=STATE),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True, verbose_name="day")),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("entries", models.BigIntegerField(verbose_name="entries")),
                ("head", models.BinaryField(max_length=32, verbose_name="head of the chain")),
                ("sealed_at", models.DateTimeField(verbose_name="sealed")),
            ],
            options={"verbose_name": "seal of a day", "verbose_name_plural": "seals of days", "ordering": ["day"]},
        ),
        migrations.CreateModel(
            name="Leaves",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("number", models.IntegerField()),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("leaves", models.BinaryField(help_text="28 bytes an entry: id, day since 2000, 16 of its SHA-256.")),
            ],
            options={
                "verbose_name": "digests of entries",
                "verbose_name_plural": "digests of entries",
                "constraints": [
                    models.UniqueConstraint(fields=("day", "number"), name="a_block_of_a_day_is_sealed_once")
                ],
            },
        ),
    ]
