"""Seeding on a real server: any schema is filled, adversarially and healthily."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
import pytest

from migration_checks.database import connect
from migration_checks.seeding import Filled, Synthesizer

ROWS = 40


@dataclass(frozen=True)
class Case:
    """Tables, and how many rows those get that cannot have ROWS of them."""

    name: str
    sql: str
    rows: dict[str, int] = field(default_factory=dict)


CASES = (
    Case("serial", "CREATE TABLE t (id serial PRIMARY KEY, v text)"),
    Case("identity always", "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5) PRIMARY KEY, v text)"),
    Case("descending sequence", "CREATE SEQUENCE s INCREMENT -1; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'))"),
    Case("only an identity", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)"),
    Case("no column", "CREATE TABLE t ()"),
    Case("only generated columns", "CREATE TABLE t (g int GENERATED ALWAYS AS (1) STORED)"),
    Case("generated column", "CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a < 1000), b int GENERATED ALWAYS AS (a * 2) STORED)"),
    Case("check over a generated column", "CREATE TABLE t (a int NOT NULL, b bigint GENERATED ALWAYS AS (a::bigint * 2) STORED CHECK (b < 100))"),
    Case("no key", "CREATE TABLE t (a int, b text)"),
    Case("unlogged", "CREATE UNLOGGED TABLE t (a int)"),
    Case("quoted and reserved", 'CREATE TABLE "select" ("order" serial PRIMARY KEY, "Weird "" Name%s" text UNIQUE, "a__b" int, "é" text NOT NULL)'),
    Case("quoted schema", 'CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema"."T.t" (id uuid PRIMARY KEY, p uuid REFERENCES "My Schema"."T.t")'),
    Case("wide", "CREATE TABLE t (" + ", ".join(f"c{i} int" for i in range(1500)) + ")"),
    Case("unique boolean", "CREATE TABLE t (b boolean NOT NULL UNIQUE)", {"public.t": 2}),
    Case("unique enum", "CREATE TYPE m AS ENUM ('a','b','c'); CREATE TABLE t (m m PRIMARY KEY)", {"public.t": 3}),
    Case("composite unique", "CREATE TABLE t (a boolean NOT NULL, b text NOT NULL, UNIQUE (a, b))"),
    Case("narrow composite unique", "CREATE TABLE t (a boolean NOT NULL, b boolean NOT NULL, UNIQUE (a, b))", {"public.t": 4}),
    Case("partial unique", "CREATE TABLE t (o int, d timestamptz, n text NOT NULL); CREATE UNIQUE INDEX ON t (n) WHERE d IS NULL"),
    Case("one default each", "CREATE TABLE o (id serial PRIMARY KEY); CREATE TABLE t (o int NOT NULL REFERENCES o, d boolean NOT NULL); CREATE UNIQUE INDEX ON t (o) WHERE d"),
    Case("unique expression", "CREATE TABLE t (email text NOT NULL, n text); CREATE UNIQUE INDEX ON t (lower(email)); CREATE UNIQUE INDEX ON t (lower(btrim(n)))"),
    Case("unique expression of two", "CREATE TABLE t (a text NOT NULL, b text); CREATE UNIQUE INDEX ON t (a, coalesce(b, ''))"),
    Case("deferrable unique", "CREATE TABLE t (p int NOT NULL, UNIQUE (p) DEFERRABLE INITIALLY DEFERRED)"),
    Case("unique char(2)", "CREATE TABLE t (c char(2) PRIMARY KEY)"),
    Case("unique numeric", "CREATE TABLE t (c numeric(4,2) PRIMARY KEY)"),
    Case("unique varchar(1)", "CREATE TABLE t (c varchar(1) PRIMARY KEY)"),
    Case("nondeterministic collation", "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE t (c text COLLATE ci UNIQUE NOT NULL)"),
    Case("exclusion by range", "CREATE EXTENSION btree_gist; CREATE TABLE t (room int NOT NULL, during tstzrange NOT NULL, EXCLUDE USING gist (room WITH =, during WITH &&))"),
    Case("exclusion by expression", "CREATE TABLE t (a date NOT NULL, b date NOT NULL, EXCLUDE USING gist (daterange(a, b) WITH &&))"),
    Case("exclusion with a condition", "CREATE TABLE t (r int4range, cancelled boolean, EXCLUDE USING gist (r WITH &&) WHERE (NOT cancelled))"),
    Case("exclusion of circles", "CREATE TABLE t (c circle, EXCLUDE USING gist (c WITH &&))"),
    Case("self reference", "CREATE TABLE t (id serial PRIMARY KEY, parent int REFERENCES t)"),
    Case("self reference not null", "CREATE TABLE t (id serial PRIMARY KEY, parent int NOT NULL REFERENCES t)"),
    Case("not one's own parent", "CREATE TABLE t (id serial PRIMARY KEY, parent int REFERENCES t, CHECK (parent <> id))"),
    Case("self reference by tenant", "CREATE TABLE t (tenant int CHECK (tenant BETWEEN 1 AND 3), id int, parent int, PRIMARY KEY (tenant, id), FOREIGN KEY (tenant, parent) REFERENCES t)"),
    Case("one to one", "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a, v text)"),
    Case("many to many", "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id serial PRIMARY KEY); CREATE TABLE ab (a int REFERENCES a, b int REFERENCES b, PRIMARY KEY (a, b))"),
    Case("dense many to many", "CREATE TABLE a (x boolean PRIMARY KEY); CREATE TABLE b (x boolean PRIMARY KEY); CREATE TABLE ab (a boolean REFERENCES a, b boolean REFERENCES b, PRIMARY KEY (a, b))", {"public.a": 2, "public.b": 2, "public.ab": 4}),
    Case("composite key shared by two", """
        CREATE TABLE tenant (id serial PRIMARY KEY);
        CREATE TABLE usr (tenant int REFERENCES tenant, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE prj (tenant int REFERENCES tenant, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE t (tenant int NOT NULL REFERENCES tenant, u int, p int, FOREIGN KEY (tenant, u) REFERENCES usr, FOREIGN KEY (tenant, p) REFERENCES prj)"""),
    Case("match full", "CREATE TABLE a (x int, y int, PRIMARY KEY (x, y)); CREATE TABLE b (x int, y int, FOREIGN KEY (x, y) REFERENCES a MATCH FULL)"),
    Case("nullable circle", "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"),
    Case("circle not null", "CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL UNIQUE REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"),
    Case("circle of three", "CREATE TABLE a (id serial PRIMARY KEY, c int NOT NULL); CREATE TABLE b (id serial PRIMARY KEY, a int NOT NULL REFERENCES a); CREATE TABLE c (id serial PRIMARY KEY, b int NOT NULL REFERENCES b); ALTER TABLE a ADD FOREIGN KEY (c) REFERENCES c DEFERRABLE"),
    Case("reference to a unique key", "CREATE TABLE a (id serial PRIMARY KEY, code varchar(8) UNIQUE); CREATE TABLE b (code varchar(8) NOT NULL REFERENCES a (code))"),
    Case("list partitions", "CREATE TABLE t (r text NOT NULL, v int) PARTITION BY LIST (r); CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('eu','uk'); CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('us'); CREATE TABLE td PARTITION OF t DEFAULT"),
    Case("list partition of null", "CREATE TABLE t (r int) PARTITION BY LIST (r); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1, 2); CREATE TABLE t2 PARTITION OF t FOR VALUES IN (NULL)"),
    Case("range partitions", "CREATE TABLE t (id bigserial, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); "
         + "".join(f"CREATE TABLE t{m} PARTITION OF t FOR VALUES FROM ('2024-{m:02d}-01') TO ('2024-{m + 1:02d}-01');" for m in range(1, 12))),
    Case("range partitions of a serial", "CREATE TABLE t (id serial PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (1000); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000) TO (2000)"),
    Case("hash partitions", "CREATE TABLE t (id uuid PRIMARY KEY) PARTITION BY HASH (id); " + "".join(f"CREATE TABLE t{i} PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER {i});" for i in range(4))),
    Case("sub-partitions", """CREATE TABLE t (r text NOT NULL, at date NOT NULL) PARTITION BY LIST (r);
        CREATE TABLE eu PARTITION OF t FOR VALUES IN ('eu') PARTITION BY RANGE (at);
        CREATE TABLE eu24 PARTITION OF eu FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE TABLE eud PARTITION OF eu DEFAULT;
        CREATE TABLE us PARTITION OF t FOR VALUES IN ('us')"""),
    Case("two-column range", "CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a, b); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1, 5) TO (10, 2); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10, 2) TO (20, MAXVALUE)"),
    Case("reference to a partitioned table", "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE t1 PARTITION OF t DEFAULT; CREATE TABLE c (t int NOT NULL REFERENCES t)"),
    Case("inherited child", "CREATE TABLE p (id serial PRIMARY KEY, v text NOT NULL); CREATE TABLE c (w int CHECK (w > 5)) INHERITS (p)"),
    Case("in a list", "CREATE TABLE t (s varchar(10) NOT NULL CHECK (s IN ('new','old')), n int CHECK (n = ANY (ARRAY[3, 5])))"),
    Case("bounds", "CREATE TABLE t (a int NOT NULL CHECK (a BETWEEN 100000 AND 100010), r numeric(5,4) NOT NULL CHECK (r >= 0 AND r <= 1), f float8 CHECK (f > 1e6))"),
    Case("lengths", "CREATE TABLE t (a text NOT NULL CHECK (length(a) >= 300), b varchar(50) NOT NULL CHECK (char_length(b) = 13) UNIQUE, c text CHECK (c <> ''))"),
    Case("patterns", "CREATE TABLE t (a text NOT NULL CHECK (a ~ '^[A-Z]{2}-[0-9]{4}$') UNIQUE, b text NOT NULL CHECK (b LIKE 'x%y_z'), c text NOT NULL CHECK (c ~* '^https?://[a-z.]+/'), d text NOT NULL CHECK (d = lower(d)))"),
    Case("email pattern", r"CREATE TABLE t (email text NOT NULL UNIQUE CHECK (email ~* '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]{2,}$'))"),
    Case("ordered columns", "CREATE TABLE t (a date NOT NULL, b date NOT NULL, x int NOT NULL, y int, CHECK (a < b), CHECK (x <= y))"),
    Case("one of several", "CREATE TABLE t (a int, b text, c uuid, CHECK (num_nonnulls(a, b, c) = 1))"),
    Case("both or none", "CREATE TABLE t (a int, b text, CHECK ((a IS NULL) = (b IS NULL)))"),
    Case("alternatives", "CREATE TABLE t (kind text NOT NULL, x int, y text, CHECK ((kind = 'alpha' AND x IS NOT NULL AND y IS NULL) OR (kind = 'beta' AND x IS NULL AND y IS NOT NULL)))"),
    Case("one of two references", "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id serial PRIMARY KEY); CREATE TABLE t (a int REFERENCES a, b int REFERENCES b, CHECK (num_nonnulls(a, b) = 1))"),
    Case("documents", "CREATE TABLE t (a jsonb NOT NULL CHECK (jsonb_typeof(a) = 'object'), b jsonb NOT NULL CHECK (b ? 'kind' AND b ->> 'kind' IN ('x','y')), c json CHECK (json_typeof(c) = 'array'))"),
    Case("arrays", "CREATE TABLE t (a int[] NOT NULL CHECK (cardinality(a) = 3), b text[] NOT NULL CHECK (b <@ ARRAY['r','w']), c text[] CHECK (array_length(c, 1) <= 2))"),
    Case("unreadable alone", "CREATE FUNCTION even(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i % 2 = 0'; CREATE TABLE t (a int NOT NULL CHECK (even(a)), b int CHECK (b IS NULL OR even(b)))"),
    Case("unreadable together", "CREATE FUNCTION apart(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT (a - b) % 3 <> 0'; CREATE TABLE t (a int NOT NULL CHECK (a BETWEEN 0 AND 9), b int NOT NULL CHECK (b BETWEEN 0 AND 9), CHECK (apart(a, b)))"),
    Case("raising check", "CREATE FUNCTION strict(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF i < 5 THEN RAISE 'too small'; END IF; RETURN true; END$$; CREATE TABLE t (a int NOT NULL CHECK (strict(a)))"),
    Case("case", "CREATE TABLE t (s text NOT NULL CHECK (s IN ('open','done')), at timestamptz, CHECK (CASE WHEN s = 'done' THEN at IS NOT NULL ELSE at IS NULL END))"),
    Case("the past", "CREATE TABLE t (at timestamptz NOT NULL CHECK (at <= now()), d date NOT NULL CHECK (d > '2020-01-01'::date AND d < '2020-02-01'::date))"),
    Case("checked serial", "CREATE TABLE t (id serial PRIMARY KEY CHECK (id > 0), v int)"),
    Case("checked key", "CREATE TABLE t (id int PRIMARY KEY CHECK (id >= 1000))"),
    Case("domains", "CREATE DOMAIN pos AS int CHECK (VALUE > 0); CREATE DOMAIN code AS varchar(6) NOT NULL CHECK (VALUE ~ '^[a-z]{3}[0-9]*$'); CREATE TABLE t (a pos, b code, c pos[], d code UNIQUE)"),
    Case("raising trigger", "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$; CREATE TABLE t (a int); CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION no()"),
    Case("row security", "CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"),
    Case("extensions", "CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION vector; CREATE TABLE t (c citext UNIQUE NOT NULL, h hstore, l ltree, v vector(3), d citext CHECK (d IN ('a','b')))"),
    Case("composite types", "CREATE TYPE addr AS (street text, no int); CREATE TABLE t (a addr, b addr[] NOT NULL)"),
    Case("array of boxes", "CREATE TABLE t (b box[] NOT NULL)"),
)


@pytest.fixture
def connection(database: str) -> psycopg.Connection[tuple[object, ...]]:
    return connect(database)


def build(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def tables(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    query = """SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""
    return sorted(str(row[0]) for row in connection.execute(query).fetchall())


def count(connection: psycopg.Connection[tuple[object, ...]], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM ONLY {table}".encode()).fetchone()
    if row and row[0] == 0:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(str(row[0])) if row else -1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_table_is_filled(case: Case, database: str, connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Every table gets the rows that it can hold, healthy ones, and every partition some."""
    try:
        build(database, case.sql)
    except psycopg.errors.FeatureNotSupported as error:
        pytest.skip(f"this server was built without it: {error}")

    filled = Synthesizer(connection, rows=ROWS, seed=7).top_up()

    assert {} == filled.unfilled
    assert {table: case.rows.get(table, ROWS) for table in tables(connection)} == dict(filled.tables)
    assert dict(filled.tables) == {table: count(connection, table) for table in tables(connection)}
    assert [] == unhealthy(connection)
    assert Filled() == Synthesizer(connection, rows=ROWS, seed=7).top_up()


def unhealthy(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Foreign keys that do not hold, sequences that are behind, partitions without rows, columns without a value or a NULL."""
    return [*broken_keys(connection), *sequences_behind(connection), *empty_partitions(connection)]


def broken_keys(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """The server's own judgement: drop and add each foreign key again, in a transaction that is rolled back."""
    query = """SELECT k.conrelid::regclass::text, quote_ident(k.conname), pg_get_constraintdef(k.oid) FROM pg_constraint k
        WHERE k.contype = 'f' AND k.conparentid = 0"""
    broken = []
    for table, name, definition in connection.execute(query).fetchall():
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}".encode())
        except psycopg.Error as error:
            broken.append(str(error))
    return broken


def sequences_behind(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Sequences that would hand out a value that exists, asked by taking one."""
    query = """SELECT d.refobjid::regclass::text, quote_ident(a.attname), d.objid::regclass::text FROM pg_depend d
        JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass"""
    behind = []
    for table, column, sequence in connection.execute(query).fetchall():
        found = connection.execute(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} = nextval('{sequence}'))".encode()).fetchone()
        highest = connection.execute(f"SELECT max({column}) < nextval('{sequence}') FROM {table}".encode()).fetchone()
        if (found and found[0]) or not (highest and highest[0]):
            behind.append(str(sequence))
    return behind


def empty_partitions(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    leaves = connection.execute("SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r'").fetchall()
    return [str(leaf) for (leaf,) in leaves if count(connection, str(leaf)) == 0]
