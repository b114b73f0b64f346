"""Kinds of faults in the schema: what a downgrade forgets to restore, and what an upgrade leaves in a bad state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.matrix.plant import Plant


@dataclass(frozen=True)
class SchemaKind:
    """`up` removes or changes something, `down` restores it, `bad` is what a forgetful downgrade does instead.

    {t} is a table with the columns id, a (text), b (int) and c (text), {k} a prefix for everything else. `up_bad` takes the
    place of `up` where the upgrade itself is at fault.
    """

    name: str
    setup: Sequence[str] = ()
    clear: Sequence[str] = ()
    up: Sequence[str] = ("ALTER TABLE {t} ADD extra int",)
    down: Sequence[str] = ("ALTER TABLE {t} DROP extra",)
    bad: Sequence[str] | None = None
    up_bad: Sequence[str] | None = None
    again: Sequence[str] | None = None
    table: str = "CREATE TABLE {t} (id int PRIMARY KEY, a text, b int, c text)"

    def plant(self, token: str) -> Plant:
        """The kind on a table of its own."""

        def filled(statements: Sequence[str]) -> tuple[str, ...]:
            return tuple(each.format(t=f"{token}_t", k=token) for each in statements)

        def maybe(statements: Sequence[str] | None) -> tuple[str, ...] | None:
            return None if statements is None else filled(statements)

        return Plant(
            token,
            filled((self.table, *self.setup)),
            filled(("DROP TABLE {t} CASCADE", *self.clear)),
            filled(self.up),
            filled(self.down),
            maybe(self.up_bad),
            maybe(self.bad),
            maybe(self.again),
        )


FUNCTION = "CREATE OR REPLACE FUNCTION {k}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN {what}; END $$"
TRIGGER = "CREATE TRIGGER {k}_g BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION {k}_f()"
MAKE = FUNCTION.replace("{what}", "NEW")
DROP_FUNCTION = ("DROP FUNCTION {k}_f()",)
ENUM = "CREATE TYPE {k}_e AS ENUM ({labels})"
TO_ENUM = "ALTER TABLE {t} ALTER e TYPE {k}_e USING e::text::{k}_e"
TO_TEXT = "ALTER TABLE {t} ALTER e TYPE text"
VIEW = "CREATE VIEW {k}_v AS SELECT id, a FROM {t}"
POLICY = "CREATE POLICY {k}_p ON {t} USING (b > 0)"


def _enum(labels: str) -> str:
    return ENUM.replace("{labels}", labels)


def _restored(name: str, setup: str, undo: str, *also: str, clear: Sequence[str] = ()) -> SchemaKind:
    """A kind whose upgrade undoes what `setup` did, and whose downgrade forgets to do it again, or does `also` instead."""
    return SchemaKind(name, (setup,), clear, (undo,), (setup,), also or ("SELECT 1",))


SCHEMA = (
    SchemaKind(
        "labels of an enum reordered",
        (_enum("'low', 'mid', 'high'"), "ALTER TABLE {t} ADD e {k}_e"),
        ("DROP TYPE {k}_e",),
        (TO_TEXT, "DROP TYPE {k}_e"),
        (_enum("'low', 'mid', 'high'"), TO_ENUM),
        (_enum("'low', 'high', 'mid'"), TO_ENUM),
    ),
    SchemaKind(
        "label of an enum left over",
        (_enum("'low', 'high'"), "ALTER TABLE {t} ADD e {k}_e"),
        ("DROP TYPE {k}_e",),
        ("ALTER TYPE {k}_e ADD VALUE IF NOT EXISTS 'mid' BEFORE 'high'",),
        (TO_TEXT, "DROP TYPE {k}_e", _enum("'low', 'high'"), TO_ENUM),
        ("SELECT 1",),
    ),
    _restored("default lost", "ALTER TABLE {t} ALTER b SET DEFAULT 5", "ALTER TABLE {t} ALTER b DROP DEFAULT"),
    _restored(
        "default changed",
        "ALTER TABLE {t} ALTER b SET DEFAULT 5",
        "ALTER TABLE {t} ALTER b DROP DEFAULT",
        "ALTER TABLE {t} ALTER b SET DEFAULT 6",
    ),
    _restored("NOT NULL lost", "ALTER TABLE {t} ALTER b SET NOT NULL", "ALTER TABLE {t} ALTER b DROP NOT NULL"),
    _restored("index lost", "CREATE INDEX {k}_i ON {t} (b)", "DROP INDEX {k}_i"),
    _restored(
        "index without its condition",
        "CREATE INDEX {k}_i ON {t} (b) WHERE a IS NULL",
        "DROP INDEX {k}_i",
        "CREATE INDEX {k}_i ON {t} (b)",
    ),
    _restored(
        "index in another order",
        "CREATE INDEX {k}_i ON {t} (b DESC NULLS LAST)",
        "DROP INDEX {k}_i",
        "CREATE INDEX {k}_i ON {t} (b)",
    ),
    _restored(
        "unique index no longer unique",
        "CREATE UNIQUE INDEX {k}_i ON {t} (id, b)",
        "DROP INDEX {k}_i",
        "CREATE INDEX {k}_i ON {t} (id, b)",
    ),
    _restored(
        "unique constraint lost",
        "ALTER TABLE {t} ADD CONSTRAINT {k}_u UNIQUE (id, b)",
        "ALTER TABLE {t} DROP CONSTRAINT {k}_u",
    ),
    _restored(
        "unique constraint with NULLS NOT DISTINCT lost half",
        "ALTER TABLE {t} ADD CONSTRAINT {k}_u UNIQUE NULLS NOT DISTINCT (id, b)",
        "ALTER TABLE {t} DROP CONSTRAINT {k}_u",
        "ALTER TABLE {t} ADD CONSTRAINT {k}_u UNIQUE (id, b)",
    ),
    _restored(
        "check lost", "ALTER TABLE {t} ADD CONSTRAINT {k}_ck CHECK (b <> 770077)", "ALTER TABLE {t} DROP CONSTRAINT {k}_ck"
    ),
    _restored(
        "check changed",
        "ALTER TABLE {t} ADD CONSTRAINT {k}_ck CHECK (b <> 770077)",
        "ALTER TABLE {t} DROP CONSTRAINT {k}_ck",
        "ALTER TABLE {t} ADD CONSTRAINT {k}_ck CHECK (b <> 990099)",
    ),
    _restored(
        "NOT VALID left on the way back",
        "ALTER TABLE {t} ADD CONSTRAINT {k}_ck CHECK (b <> 770077)",
        "ALTER TABLE {t} DROP CONSTRAINT {k}_ck",
        "ALTER TABLE {t} ADD CONSTRAINT {k}_ck CHECK (b <> 770077) NOT VALID",
    ),
    SchemaKind(
        "foreign key lost",
        ("ALTER TABLE {t} ADD up int, ADD CONSTRAINT {k}_fk FOREIGN KEY (up) REFERENCES {t}",),
        (),
        ("ALTER TABLE {t} DROP CONSTRAINT {k}_fk",),
        ("ALTER TABLE {t} ADD CONSTRAINT {k}_fk FOREIGN KEY (up) REFERENCES {t}",),
        ("SELECT 1",),
    ),
    SchemaKind(
        "ON DELETE lost",
        ("ALTER TABLE {t} ADD up int, ADD CONSTRAINT {k}_fk FOREIGN KEY (up) REFERENCES {t} ON DELETE SET NULL",),
        (),
        ("ALTER TABLE {t} DROP CONSTRAINT {k}_fk",),
        ("ALTER TABLE {t} ADD CONSTRAINT {k}_fk FOREIGN KEY (up) REFERENCES {t} ON DELETE SET NULL",),
        ("ALTER TABLE {t} ADD CONSTRAINT {k}_fk FOREIGN KEY (up) REFERENCES {t}",),
    ),
    SchemaKind(
        "DEFERRABLE lost",
        ("ALTER TABLE {t} ADD up int, ADD CONSTRAINT {k}_fk FOREIGN KEY (up) REFERENCES {t} DEFERRABLE INITIALLY DEFERRED",),
        (),
        ("ALTER TABLE {t} DROP CONSTRAINT {k}_fk",),
        ("ALTER TABLE {t} ADD CONSTRAINT {k}_fk FOREIGN KEY (up) REFERENCES {t} DEFERRABLE INITIALLY DEFERRED",),
        ("ALTER TABLE {t} ADD CONSTRAINT {k}_fk FOREIGN KEY (up) REFERENCES {t}",),
    ),
    _restored("comment of a column lost", "COMMENT ON COLUMN {t}.a IS 'in metres'", "COMMENT ON COLUMN {t}.a IS NULL"),
    _restored("comment of a table lost", "COMMENT ON TABLE {t} IS 'of people'", "COMMENT ON TABLE {t} IS NULL"),
    SchemaKind("trigger lost", (MAKE, TRIGGER), DROP_FUNCTION, ("DROP TRIGGER {k}_g ON {t}",), (TRIGGER,), ("SELECT 1",)),
    SchemaKind(
        "trigger on another event",
        (MAKE, TRIGGER),
        DROP_FUNCTION,
        ("DROP TRIGGER {k}_g ON {t}",),
        (TRIGGER,),
        (TRIGGER.replace("UPDATE", "INSERT"),),
    ),
    SchemaKind(
        "trigger left disabled",
        (MAKE, TRIGGER),
        DROP_FUNCTION,
        down=("ALTER TABLE {t} DROP extra", "ALTER TABLE {t} DISABLE TRIGGER {k}_g", "ALTER TABLE {t} ENABLE TRIGGER {k}_g"),
        bad=("ALTER TABLE {t} DROP extra", "ALTER TABLE {t} DISABLE TRIGGER {k}_g"),
        up_bad=("ALTER TABLE {t} ADD extra int", "ALTER TABLE {t} DISABLE TRIGGER {k}_g"),
    ),
    SchemaKind(
        "body of a function not restored",
        (MAKE, TRIGGER),
        DROP_FUNCTION,
        (FUNCTION.replace("{what}", "OLD"),),
        (MAKE,),
        ("SELECT 1",),
    ),
    _restored("view lost", VIEW, "DROP VIEW {k}_v"),
    SchemaKind(
        "definition of a view changed",
        (VIEW,),
        (),
        ("DROP VIEW {k}_v",),
        (VIEW,),
        (VIEW + " WHERE b > 0",),
    ),
    SchemaKind(
        "security of a view lost",
        (VIEW.replace(" AS ", " WITH (security_barrier) AS "),),
        (),
        ("DROP VIEW {k}_v",),
        (VIEW.replace(" AS ", " WITH (security_barrier) AS "),),
        (VIEW,),
    ),
    SchemaKind(
        "index of a materialized view lost",
        ("CREATE MATERIALIZED VIEW {k}_v AS SELECT id, a FROM {t}", "CREATE UNIQUE INDEX {k}_i ON {k}_v (id)"),
        (),
        ("DROP MATERIALIZED VIEW {k}_v",),
        ("CREATE MATERIALIZED VIEW {k}_v AS SELECT id, a FROM {t}", "CREATE UNIQUE INDEX {k}_i ON {k}_v (id)"),
        ("CREATE MATERIALIZED VIEW {k}_v AS SELECT id, a FROM {t}",),
    ),
    SchemaKind(
        "type of a column changed",
        up=("ALTER TABLE {t} ALTER b TYPE bigint",),
        down=("ALTER TABLE {t} ALTER b TYPE int",),
        bad=("SELECT 1",),
    ),
    SchemaKind(
        "length of a column changed",
        up=("ALTER TABLE {t} ALTER c TYPE text",),
        down=("ALTER TABLE {t} ALTER c TYPE varchar(50)",),
        bad=("ALTER TABLE {t} ALTER c TYPE varchar(60)",),
        table="CREATE TABLE {t} (id int PRIMARY KEY, a text, b int, c varchar(50))",
    ),
    SchemaKind(
        "precision of a column changed",
        ("ALTER TABLE {t} ADD m numeric(8,2)",),
        (),
        ("ALTER TABLE {t} ALTER m TYPE numeric",),
        ("ALTER TABLE {t} ALTER m TYPE numeric(8,2)",),
        ("ALTER TABLE {t} ALTER m TYPE numeric(9,2)",),
    ),
    SchemaKind(
        "collation lost",
        ('ALTER TABLE {t} ALTER a TYPE text COLLATE "C"',),
        (),
        ("ALTER TABLE {t} ALTER a TYPE varchar(900)",),
        ('ALTER TABLE {t} ALTER a TYPE text COLLATE "C"',),
        ("ALTER TABLE {t} ALTER a TYPE text",),
    ),
    SchemaKind(
        "identity lost",
        ("ALTER TABLE {t} ALTER id ADD GENERATED ALWAYS AS IDENTITY",),
        (),
        ("ALTER TABLE {t} ALTER id DROP IDENTITY",),
        (
            "ALTER TABLE {t} ALTER id ADD GENERATED ALWAYS AS IDENTITY",
            "SELECT setval(pg_get_serial_sequence('{t}', 'id'), coalesce((SELECT max(id) FROM {t}), 1))",
        ),
        ("SELECT 1",),
    ),
    SchemaKind(
        "identity by default instead of always",
        ("ALTER TABLE {t} ALTER id ADD GENERATED ALWAYS AS IDENTITY",),
        (),
        ("ALTER TABLE {t} ALTER id SET GENERATED BY DEFAULT",),
        ("ALTER TABLE {t} ALTER id SET GENERATED ALWAYS",),
        ("SELECT 1",),
    ),
    SchemaKind(
        "ownership of a sequence lost",
        ("CREATE SEQUENCE {k}_s OWNED BY {t}.b",),
        (),
        ("ALTER SEQUENCE {k}_s OWNED BY NONE",),
        ("ALTER SEQUENCE {k}_s OWNED BY {t}.b",),
        ("SELECT 1",),
    ),
    SchemaKind(
        "bounds of a sequence changed",
        ("CREATE SEQUENCE {k}_s CACHE 5 CYCLE MAXVALUE 1000",),
        ("DROP SEQUENCE {k}_s",),
        ("ALTER SEQUENCE {k}_s NO CYCLE",),
        ("ALTER SEQUENCE {k}_s CYCLE",),
        ("SELECT 1",),
    ),
    _restored("grant lost", "GRANT SELECT ON {t} TO PUBLIC", "REVOKE SELECT ON {t} FROM PUBLIC"),
    _restored("grant on a column lost", "GRANT UPDATE (a) ON {t} TO PUBLIC", "REVOKE UPDATE (a) ON {t} FROM PUBLIC"),
    _restored("policy lost", POLICY, "DROP POLICY {k}_p ON {t}"),
    _restored("policy widened", POLICY, "DROP POLICY {k}_p ON {t}", POLICY.replace("b > 0", "true")),
    SchemaKind(
        "row level security left off",
        (POLICY, "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY"),
        (),
        ("ALTER TABLE {t} DISABLE ROW LEVEL SECURITY",),
        ("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",),
        ("SELECT 1",),
    ),
    SchemaKind(
        "partition lost",
        ("CREATE TABLE {k}_p2 PARTITION OF {t} FOR VALUES FROM (0) TO (1000)", "CREATE TABLE {k}_p3 PARTITION OF {t} DEFAULT"),
        (),
        ("ALTER TABLE {t} DETACH PARTITION {k}_p2",),
        ("ALTER TABLE {t} ATTACH PARTITION {k}_p2 FOR VALUES FROM (0) TO (1000)",),
        ("SELECT 1",),
        table="CREATE TABLE {t} (id int PRIMARY KEY, a text, b int, c text) PARTITION BY RANGE (id)",
    ),
    SchemaKind(
        "bounds of a partition changed",
        (
            "CREATE TABLE {k}_p2 PARTITION OF {t} FOR VALUES FROM (0) TO (MAXVALUE)",
            "CREATE TABLE {k}_p3 PARTITION OF {t} FOR VALUES FROM (MINVALUE) TO (0)",
        ),
        (),
        ("ALTER TABLE {t} DETACH PARTITION {k}_p2",),
        ("ALTER TABLE {t} ATTACH PARTITION {k}_p2 FOR VALUES FROM (0) TO (MAXVALUE)",),
        ("ALTER TABLE {t} ATTACH PARTITION {k}_p2 DEFAULT",),
        table="CREATE TABLE {t} (id int PRIMARY KEY, a text, b int, c text) PARTITION BY RANGE (id)",
    ),
    _restored("storage parameter lost", "ALTER TABLE {t} SET (fillfactor = 70)", "ALTER TABLE {t} RESET (fillfactor)"),
    SchemaKind(
        "table left unlogged",
        up=("ALTER TABLE {t} SET UNLOGGED",),
        down=("ALTER TABLE {t} SET LOGGED",),
        bad=("SELECT 1",),
    ),
    SchemaKind(
        "replica identity lost",
        ("ALTER TABLE {t} REPLICA IDENTITY FULL",),
        (),
        ("ALTER TABLE {t} REPLICA IDENTITY NOTHING",),
        ("ALTER TABLE {t} REPLICA IDENTITY FULL",),
        ("ALTER TABLE {t} REPLICA IDENTITY DEFAULT",),
    ),
    SchemaKind(
        "expression of a generated column changed",
        ("ALTER TABLE {t} ADD g int GENERATED ALWAYS AS (id / 10) STORED",),
        (),
        ("ALTER TABLE {t} DROP g",),
        ("ALTER TABLE {t} ADD g int GENERATED ALWAYS AS (id / 10) STORED",),
        ("ALTER TABLE {t} ADD g int GENERATED ALWAYS AS (id / 20) STORED",),
    ),
    SchemaKind(
        "check of a domain lost",
        ("CREATE DOMAIN {k}_d AS int CONSTRAINT {k}_dc CHECK (VALUE <> 770077)", "ALTER TABLE {t} ADD d {k}_d"),
        ("DROP DOMAIN {k}_d",),
        ("ALTER DOMAIN {k}_d DROP CONSTRAINT {k}_dc",),
        ("ALTER DOMAIN {k}_d ADD CONSTRAINT {k}_dc CHECK (VALUE <> 770077)",),
        ("SELECT 1",),
    ),
    SchemaKind(
        "primary key lost",
        up=("ALTER TABLE {t} DROP CONSTRAINT {t}_pkey",),
        down=("ALTER TABLE {t} ADD PRIMARY KEY (id)",),
        bad=("ALTER TABLE {t} ALTER id SET NOT NULL",),
    ),
    SchemaKind(
        "table left over",
        up=("CREATE TABLE {k}_x (id int)",),
        down=("DROP TABLE {k}_x",),
        bad=("SELECT 1",),
        again=("CREATE TABLE {k}_x (id bigint)",),
    ),
    SchemaKind(
        "column left over",
        bad=("SELECT 1",),
        again=("ALTER TABLE {t} ADD extra bigint",),
    ),
    SchemaKind(
        "NOT VALID left by the upgrade",
        up=(
            "ALTER TABLE {t} ADD CONSTRAINT {k}_ck CHECK (b <> 770077) NOT VALID",
            "ALTER TABLE {t} VALIDATE CONSTRAINT {k}_ck",
        ),
        down=("ALTER TABLE {t} DROP CONSTRAINT {k}_ck",),
        up_bad=("ALTER TABLE {t} ADD CONSTRAINT {k}_ck CHECK (b <> 770077) NOT VALID",),
    ),
    SchemaKind(
        "index left invalid",
        up=("CREATE INDEX {k}_i ON {t} (b)",),
        down=("DROP INDEX {k}_i",),
        up_bad=(
            "CREATE INDEX {k}_i ON {t} (b)",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{k}_i'::regclass",
        ),
    ),
    SchemaKind(
        "event of a rule lost",
        ("CREATE RULE {k}_r AS ON DELETE TO {t} WHERE old.b = 77 DO INSTEAD NOTHING",),
        (),
        ("DROP RULE {k}_r ON {t}",),
        ("CREATE RULE {k}_r AS ON DELETE TO {t} WHERE old.b = 77 DO INSTEAD NOTHING",),
        ("SELECT 1",),
    ),
    SchemaKind(
        "extended statistics lost",
        ("CREATE STATISTICS {k}_st (dependencies) ON a, b FROM {t}",),
        (),
        ("DROP STATISTICS {k}_st",),
        ("CREATE STATISTICS {k}_st (dependencies) ON a, b FROM {t}",),
        ("SELECT 1",),
    ),
)
