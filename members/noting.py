"""SQL by which the database notes in `members_change` of whom something changed, in the transaction of the change: for
migrations. Nobody who writes these tables has to think of it.

The plan that a trigger keeps is made for the few rows of its first call; loops inside loops, good for these, would take
hours for a hundred thousand, so there are none.
"""

from dataclasses import dataclass

INSERT, UPDATE, DELETE = "insert", "update", "delete"


@dataclass(frozen=True)
class Noted:
    """A table whose changes are noted as `what`: with a key, when one of these columns changes; `pk` names a row."""

    table: str
    what: str
    columns: tuple[str, ...]
    key: str = "NULL"
    member: str = "member_id"
    pk: str = "id"
    others: tuple[str, ...] = ()  # further columns that name members
    ops: tuple[str, ...] = (INSERT, UPDATE, DELETE)

    @property
    def forward(self) -> str:
        return "\n".join(self._made(op) for op in self.ops)

    @property
    def reverse(self) -> str:
        return "\n".join(
            f"DROP TRIGGER IF EXISTS {self._name(op)} ON {self.table}; DROP FUNCTION IF EXISTS {self._name(op)}();"
            for op in self.ops
        )

    def _name(self, op: str) -> str:
        return f"note_{self.table}_{op}"

    def _made(self, op: str) -> str:
        tables = {INSERT: ("new_rows",), DELETE: ("old_rows",), UPDATE: ("old_rows", "new_rows")}[op]
        named = " ".join(f"{table[:3].upper()} TABLE AS {table}" for table in tables)
        return f"""
CREATE FUNCTION {self._name(op)}() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$ BEGIN
    INSERT INTO members_change (what, key, member_id) {self._rows(op, tables)};
    RETURN NULL;
END $$;
CREATE TRIGGER {self._name(op)} AFTER {op.upper()} ON {self.table} REFERENCING {named}
    FOR EACH STATEMENT EXECUTE FUNCTION {self._name(op)}();"""

    def _rows(self, op: str, tables: tuple[str, ...]) -> str:
        differing = differ = ""
        if op == UPDATE:
            old, new = (", ".join(f"{side}.{column}" for column in self.columns) for side in "on")
            differing = (
                f"WITH differing AS MATERIALIZED (SELECT o.{self.pk} FROM old_rows o JOIN new_rows n "
                f"ON n.{self.pk} = o.{self.pk} WHERE ROW({old}) IS DISTINCT FROM ROW({new})) "
            )
            differ = f"WHERE r.{self.pk} IN (SELECT {self.pk} FROM differing)"
        each = [
            f"SELECT {self.key} AS key, {column} AS member_id FROM {table} r {differ}"
            for table in tables
            for column in (self.member, *self.others)
        ]
        return (
            f"{differing}SELECT DISTINCT '{self.what}', key::bigint, member_id FROM ({' UNION ALL '.join(each)}) q "
            "WHERE member_id IS NOT NULL"
        )
