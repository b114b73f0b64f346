"""What seeded rows look like, that they are the same everywhere, and that nothing but rows is left behind."""

from __future__ import annotations

import hashlib

import psycopg
import pytest

from migration_checks.database import Databases, connect
from migration_checks.seeding import Filled, Synthesizer

Connection = psycopg.Connection[tuple[object, ...]]

SHOP = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'Very Happy');
CREATE TABLE customers (
    id serial PRIMARY KEY, email varchar(60) UNIQUE, name text, notes text, mood mood, big bigint, small smallint, ratio float8,
    price numeric(8, 2), anything numeric, at timestamptz, born date, created_at timestamp NOT NULL, updated_at timestamp,
    document jsonb, tags text[], bytes bytea, spans int4multirange, repo_id text, external_id int, flag boolean, ip inet);
CREATE TABLE orders (
    id uuid PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, total numeric(10, 2) CHECK (total >= 0), placed date,
    parent uuid REFERENCES orders, UNIQUE (customer_id, placed));
"""


@pytest.fixture
def connection(database: str) -> Connection:
    return connect(database)


def filled(url: str, script: str, rows: int = 200, seed: int = 3) -> tuple[Connection, Filled]:
    connection = connect(url)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(script.encode())
    return connection, Synthesizer(connection, rows=rows, seed=seed).top_up()


def one(connection: Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def asked(property_: str) -> str:
    """A property of the customers is an expression; one that starts with SELECT is a whole query."""
    return property_ if property_.startswith("SELECT") else f"SELECT {property_} FROM public.customers"


PROPERTIES = {
    "every nullable column has NULLs and values": "SELECT bool_and(count BETWEEN 5 AND 60) "
    "FROM (SELECT count(*) FROM public.customers c, "
    "jsonb_each(to_jsonb(c)) f WHERE f.value = 'null' GROUP BY f.key) x",
    "'' beside NULL": "bool_or(notes = '') AND bool_or(notes IS NULL)",
    "duplicates": "count(notes) > count(DISTINCT notes)",
    "equal but for case": "count(DISTINCT lower(notes)) < count(DISTINCT notes)",
    "equal but for case in a unique column": "count(DISTINCT lower(email)) < count(DISTINCT email)",
    "with and without separators": "bool_or(notes LIKE '%/%') AND bool_or(notes !~ '[^a-z]')",
    "maximum length": "max(length(email)) = 60",
    "blanks around": "bool_or(notes LIKE ' %') AND bool_or(notes LIKE '% ')",
    "combining characters": "bool_or(notes <> normalize(notes, NFC))",
    "right to left and emoji": "bool_or(notes ~ '[א-ת]') AND bool_or(notes LIKE '%👩%')",
    "looks like numbers, dates, JSON": "bool_or(notes = '123') AND bool_or(notes = '2024-02-29') AND bool_or(notes LIKE '{%}')",
    "every label": "count(DISTINCT mood) = 3",
    "bounds and negative": "max(big) = 9223372036854775807 AND min(big) = -9223372036854775808 AND min(small) = -32768",
    "not a number, infinite": "bool_or(ratio = 'NaN') AND bool_or(ratio = 'Infinity') AND bool_or(anything = 'NaN')",
    "money is never NaN": "bool_and(price <> 'NaN') AND min(price) < 0",
    "leap day, before 1970, change of clocks": "bool_or(at::date = '2024-02-29') AND min(at) < '1970-01-01' "
    "AND bool_or(at = '2024-03-31 01:30+00')",
    "one end of time, none where a row was created": "count(*) FILTER (WHERE at > '9999-12-30') = 1 "
    "AND max(created_at) < '2100-01-01' AND bool_and(isfinite(at))",
    "no year beyond 9999": "max(born) <= '9999-12-31' AND min(born) > '1000-01-01'",
    "created before updated": "bool_and(created_at <= updated_at)",
    "documents of every shape": "count(DISTINCT jsonb_typeof(document)) = 6",
    "JSON null beside SQL NULL": "bool_or(document = 'null') AND bool_or(document IS NULL)",
    "missing keys and wrong types": "bool_or(NOT document ? 'name') AND bool_or(jsonb_typeof(document -> 'name') = 'number')",
    "empty arrays and NULL elements": "bool_or(tags = '{}') AND bool_or(tags::text ~ 'NULL')",
    "repository ids with and without owner": "avg((repo_id LIKE '_%/%_')::int) BETWEEN 0.5 AND 0.95",
    "orphans": "SELECT bool_or(external_id NOT IN (SELECT id FROM public.customers)) FROM public.customers",
    "most emails are addresses": "avg((email LIKE '%_@_%._%')::int) > 0.6",
    "several languages": "bool_or(name ~ '[а-яА-Я]') AND bool_or(name ~ '[一-龥]')",
    "parents with many children and with none": "SELECT count(DISTINCT customer_id) < 180 FROM public.orders",
    "serial columns are numbered, with gaps": "min(id) = 1 AND max(id) = 220 AND count(*) = 200",
}


def test_rows_are_adversarial_and_plausible(database: str) -> None:
    """Everything that legacy data does is in a table of two hundred rows."""
    connection, done = filled(database, SHOP)

    assert Filled({"public.customers": 200, "public.orders": 200}) == done
    assert [name for name, query in PROPERTIES.items() if one(connection, asked(query)) is not True] == []


@pytest.mark.parametrize("rows", [10, 40])
def test_few_rows_repeat_values_too(database: str, rows: int) -> None:
    """A unique index over what legacy data repeats, with or without its case, fails on small tables as well."""
    connection, _ = filled(database, "CREATE TABLE people (id serial PRIMARY KEY, code varchar(3), email text, n int)", rows)

    for name in ("code", "email", "n"):
        assert one(connection, f"SELECT count({name}) > count(DISTINCT {name}) FROM public.people") is True
    assert one(connection, "SELECT count(DISTINCT lower(email)) < count(DISTINCT email) FROM public.people") is True


def test_documents_keep_to_the_shape_of_their_default(database: str) -> None:
    """Every row of a column that may not be NULL, and most rows of one that may."""
    connection, _ = filled(
        database, "CREATE TABLE t (id serial PRIMARY KEY, o jsonb NOT NULL DEFAULT '{}', a json DEFAULT '[]')", 40
    )

    assert one(connection, "SELECT array_agg(DISTINCT jsonb_typeof(o)) FROM public.t") == ["object"]
    assert one(connection, "SELECT avg((json_typeof(a) = 'array')::int) > 0.8 FROM public.t") is True


def test_one_column_of_a_table_knows_the_end_of_time(database: str) -> None:
    """No moment that an application keeps is that."""
    names = ("seen", "other", "next_run", "created_at", "event_time")
    listed = ", ".join(f"{name} timestamptz" for name in names)
    connection, _ = filled(database, f"CREATE TABLE t (id serial PRIMARY KEY, {listed})")

    found = {name: one(connection, f"SELECT count(*) FROM public.t WHERE {name} > '9999-12-30'") for name in names}
    assert {name: number for name, number in found.items() if number} == {"seen": 1}


def digest(connection: Connection, table: str) -> str:
    with connection.cursor().copy(f'COPY (SELECT * FROM {table} t ORDER BY t::text COLLATE "C") TO STDOUT'.encode()) as copy:
        return hashlib.sha256(b"".join(bytes(part) for part in copy)).hexdigest()


def test_the_same_seed_gives_the_same_rows(databases: Databases) -> None:
    """Another database, with other tables and types in it, gets the same bytes; another seed other ones."""
    urls = [databases.create(f"same{place}") for place in range(3)]
    first, _ = filled(urls[0], SHOP)
    second, _ = filled(urls[1], f"CREATE TABLE aaa (id serial, v text); CREATE TYPE zzz AS ENUM ('q'); {SHOP}")
    third, _ = filled(urls[2], SHOP, seed=4)

    for table in ("public.customers", "public.orders"):
        assert digest(first, table) == digest(second, table)
        assert digest(first, table) != digest(third, table)


def test_more_rows_than_prototypes_are_multiplied(database: str) -> None:
    """Keys, references and uniqueness hold for thousands of rows, and what may appear once does."""
    connection, done = filled(database, SHOP, rows=5000)

    assert done.tables == {"public.customers": 5000, "public.orders": 5000}
    assert one(connection, "SELECT count(DISTINCT id) FROM public.orders") == 5000
    assert one(connection, "SELECT count(*) FROM public.customers WHERE at > '9999-12-30'") == 1
    assert (
        one(
            connection,
            "SELECT count(*) FROM public.orders o LEFT JOIN public.customers c ON c.id = customer_id WHERE c.id IS NULL",
        )
        == 0
    )
    assert (
        one(
            connection,
            "SELECT count(*) FROM public.orders o WHERE parent IS NOT NULL AND parent NOT IN (SELECT id FROM public.orders)",
        )
        == 0
    )


def test_nothing_but_rows_is_left_behind(database: str) -> None:
    """Settings, prepared transactions and temporary relations are as they were."""
    settings = "SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings WHERE name !~ '^plpgsql'"
    relations = "SELECT count(*) FROM pg_class WHERE relpersistence = 't' OR relname LIKE 'migration%'"
    connection = connect(database)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(SHOP.encode())
        other.execute(b"CREATE FUNCTION odd(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i % 2 = 1'")
        other.execute(b"CREATE TABLE hard (a int NOT NULL, b int NOT NULL, CHECK (odd(a + b)))")
    before = one(connection, settings)

    Synthesizer(connection, rows=50, seed=1).top_up()

    assert before == one(connection, settings)
    assert one(connection, relations) == 0


def test_what_cannot_be_filled_is_said(database: str) -> None:
    """A contradiction, a type without values and a reference to nothing are reasons, and leave other tables alone."""
    _, done = filled(
        database,
        """CREATE TABLE never (a int NOT NULL CHECK (a > 1 AND a < 1)); CREATE TABLE child (n int NOT NULL);
        ALTER TABLE never ADD PRIMARY KEY (a); ALTER TABLE child ADD FOREIGN KEY (n) REFERENCES never;
        CREATE TABLE bare (a int) PARTITION BY LIST (a); CREATE TABLE fine (a int)""",
    )

    assert done.tables == {"public.fine": 200}
    assert {"public.never", "public.child", "public.bare"} == set(done.unfilled)
    assert "CHECK" in done.unfilled["public.never"]
    assert "public.never" in done.unfilled["public.child"]
    assert "partition" in done.unfilled["public.bare"]


def test_only_empty_tables_are_filled(database: str) -> None:
    """Rows that exist stay alone; the version table is skipped by either name, others by `only`."""
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            b"CREATE TABLE alembic_version (v text); "
            b"CREATE TABLE held (v text); CREATE TABLE a (v text); CREATE TABLE b (v text)"
        )
        other.execute(b"INSERT INTO held VALUES ('mine')")
    synthesizer = Synthesizer(connect(database), rows=10, seed=1)

    assert synthesizer.top_up(skip=["alembic_version"], only=["public.a", "public.held", "public.alembic_version"]).tables == {
        "public.a": 10
    }
    assert synthesizer.top_up(skip=["public.alembic_version"]).tables == {"public.b": 10}


def test_a_new_partition_of_a_filled_table_gets_rows(database: str) -> None:
    """A partition that a step attaches does not stay empty because its siblings hold rows."""
    connection, _ = filled(
        database,
        "CREATE TABLE t (id serial, r text, PRIMARY KEY (id, r)) PARTITION BY LIST (r); "
        "CREATE TABLE a PARTITION OF t FOR VALUES IN ('a')",
    )
    connection.execute(b"CREATE TABLE public.b PARTITION OF public.t FOR VALUES IN ('b', 'c')")

    done = Synthesizer(connection, rows=200, seed=3).top_up()

    assert done.tables == {"public.t": 100}
    assert one(connection, "SELECT count(*) FROM public.b") == 100
    assert one(connection, "SELECT nextval('public.t_id_seq') > max(id) FROM public.t") is True


ADDED = """
ALTER TABLE public.customers ADD nick text, ADD boss int REFERENCES public.customers,
    ADD score numeric(3, 2) CHECK (score BETWEEN 0 AND 1), ADD a int, ADD b int, ADD CHECK (num_nonnulls(a, b) <> 1),
    ADD ends timestamp, ADD CHECK (ends > created_at), ADD filled int DEFAULT 7;
CREATE UNIQUE INDEX ON public.customers (lower(nick))
"""


OTHERS = """SELECT md5(string_agg((to_jsonb(c) - ARRAY['nick', 'boss', 'score', 'a', 'b', 'ends'])::text, '|' ORDER BY id))
    FROM public.customers c"""


def test_added_columns_get_values_in_half_of_the_rows(database: str) -> None:
    """Rules hold, other columns are untouched, and columns that hold a value are left alone."""
    connection, _ = filled(database, SHOP)
    connection.execute(ADDED.encode())
    names = ["nick", "boss", "score", "a", "b", "ends", "filled"]
    before = one(connection, OTHERS)

    done = Synthesizer(connection, rows=200, seed=3).top_up([f"public.customers.{name}" for name in names])

    after = one(connection, OTHERS)
    assert before == after
    assert {f"public.customers.{name}" for name in names[:-1]} == set(done.columns)
    assert all(60 <= done.columns[f"public.customers.{name}"] <= 130 for name in ("nick", "boss", "score"))
    assert all(count >= 30 for count in done.columns.values())
    assert one(connection, "SELECT count(*) FROM public.customers WHERE num_nonnulls(a, b) = 1") == 0
    assert one(connection, "SELECT count(DISTINCT nick) > 40 FROM public.customers") is True


def test_added_columns_do_not_depend_on_where_rows_lie(databases: Databases) -> None:
    """Rows in another physical order get the same values."""
    digests = []
    for place, shuffle in enumerate(("SELECT 1", "CLUSTER public.customers USING customers_email_key")):
        connection, _ = filled(databases.create(f"order{place}"), SHOP)
        connection.execute(shuffle.encode())
        connection.execute(b"ALTER TABLE public.customers ADD v text")
        Synthesizer(connection, rows=200, seed=3).top_up(["public.customers.v"])
        digests.append(digest(connection, "public.customers"))

    assert digests[0] == digests[1]


def test_columns_of_a_partitioned_table_are_filled(database: str) -> None:
    """Rows in several partitions may share a place; each gets its own value."""
    connection, _ = filled(
        database,
        "CREATE TABLE t (id int NOT NULL) PARTITION BY HASH (id); "
        "CREATE TABLE a PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
        "CREATE TABLE b PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    )
    connection.execute(b'ALTER TABLE public.t ADD "New One" uuid')

    done = Synthesizer(connection, rows=200, seed=3).top_up(['public.t."New One"'])

    assert one(connection, 'SELECT count("New One") FROM public.t') == done.columns['public.t."New One"']
    assert 80 <= done.columns['public.t."New One"'] <= 130


WRITTEN = """
CREATE TABLE log (n int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
    IF NEW.total > 5000 THEN RAISE 'too much'; END IF; INSERT INTO log VALUES (1); RETURN NEW; END$$;
CREATE TRIGGER note BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE customers ADD plan text NOT NULL DEFAULT 'free';
"""


def test_an_application_writes_rows_of_its_own(database: str) -> None:
    """Triggers fire, defaults are used now and then, references and uniqueness hold, sequences number the rows."""
    connection, _ = filled(database, SHOP + WRITTEN)
    held = int(str(one(connection, "SELECT count(*) FROM public.log")))

    done = Synthesizer(connection, rows=200, seed=3).write(["public.customers", "public.orders"], 20)

    assert Filled({"public.customers": 20, "public.orders": 20}) == done
    assert held + 20 == one(connection, "SELECT count(*) FROM public.log")
    assert one(connection, "SELECT min(id) = 201 AND max(id) >= 220 FROM public.customers WHERE id > 200") is True
    assert (
        one(connection, "SELECT count(DISTINCT plan) > 1 AND bool_or(plan = 'free') FROM public.customers WHERE id > 200")
        is True
    )


def test_refused_rows_spoil_nothing(database: str) -> None:
    """What a trigger refuses is counted and said; the rows beside it are written."""
    connection, _ = filled(
        database, "CREATE TABLE t (id serial PRIMARY KEY, b boolean NOT NULL UNIQUE, CHECK (b)); CREATE TABLE u (v int)"
    )

    done = Synthesizer(connection, rows=200, seed=3).write(["public.t", "public.u", "public.gone"], 5)

    assert done.tables == {"public.t": 0, "public.u": 5}
    assert {"public.t", "public.gone"} == set(done.unfilled)
    assert "of 5" in done.unfilled["public.t"] or "could" in done.unfilled["public.t"]


def test_a_plain_owner_fills_too(database: str) -> None:
    """Without superuser rights circles, triggers and forced row security are no obstacle, and stay as they were."""
    script = """CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL);
        CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; ALTER TABLE b ENABLE ROW LEVEL SECURITY;
        CREATE TABLE c (v int); ALTER TABLE c ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$; CREATE TABLE d (v int);
        CREATE TRIGGER no BEFORE INSERT ON d FOR EACH ROW EXECUTE FUNCTION no();
        ALTER TABLE d ENABLE ALWAYS TRIGGER no"""
    catalog = """SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (SELECT conname || condeferrable AS x FROM pg_constraint
        UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT relname || relforcerowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace) c"""
    connection = connect(database)
    row = connection.execute(b"SELECT 'mc_plain_' || pg_backend_pid()").fetchone()
    role = str(row[0]) if row else ""
    connection.execute(
        f"CREATE ROLE {role}; GRANT ALL ON SCHEMA public TO {role}; SET ROLE {role}; "
        f"SET search_path = public; {script}; RESET search_path".encode()
    )
    before = one(connection, catalog)

    done = Synthesizer(connection, rows=20, seed=1).top_up()

    assert {f"public.{name}": 20 for name in "abcd"} == done.tables
    assert before == one(connection, catalog)
    connection.execute(b"RESET ROLE")


def test_columns_that_no_row_has_a_value_in_are_named(database: str) -> None:
    """Those whose type or condition nothing suits; an added one as well."""
    schema = """CREATE TABLE t (id int PRIMARY KEY, "no Way" text CHECK ("no Way" = md5(id::text || 'salt')), n int);
    CREATE TABLE u (id int PRIMARY KEY)"""
    connection, done = filled(database, schema)
    assert ('public.t."no Way"',) == done.blank

    connection.execute("ALTER TABLE public.u ADD s text CHECK (s = md5(id::text || 'salt'))")
    assert ("public.u.s",) == Synthesizer(connection, rows=20, seed=7).top_up(["public.u.s"]).blank


def test_references_to_keys_that_there_is_room_for(database: str) -> None:
    """A shorter column refers to those of its parent's keys that fit."""
    schema = """CREATE TABLE modes (name varchar(30) PRIMARY KEY CHECK (name IN ('LEAST_CONNECTIONS', 'ROUND_ROBIN')));
    CREATE TABLE pools (id int PRIMARY KEY, mode varchar(16) NOT NULL REFERENCES modes)"""
    connection, done = filled(database, schema, rows=20)

    assert {} == done.unfilled
    assert "ROUND_ROBIN" == one(connection, "SELECT string_agg(DISTINCT mode, ',') FROM public.pools")
