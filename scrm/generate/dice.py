"""Chance that comes out the same for the same seed: functions of the session, called from SQL.

`pg_temp.u(n, k)` is the k-th number from 0 to 1 of row n, `pg_temp.pick(words, n, k)` a word, `pg_temp.pid(prefix, n)`
a public id.
"""

from django.db import connection

THROW = """
CREATE OR REPLACE FUNCTION pg_temp.u(n bigint, k int) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ((hashint8extended(n, {seed}::bigint * 1009 + k) >> 11) & 9007199254740991) / 9007199254740992.0::float8 $$;
CREATE OR REPLACE FUNCTION pg_temp.pick(words text[], n bigint, k int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT words[1 + floor(pg_temp.u(n, k) * cardinality(words))::int] $$;
CREATE OR REPLACE FUNCTION pg_temp.pid(prefix text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT prefix || translate(substr(md5({seed} || prefix || n), 1, 16), '01', 'gh') $$;
"""


def take(seed: int) -> None:
    """Makes the functions of this connection, and lets its statements take their time."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(THROW.format(seed=int(seed)))
