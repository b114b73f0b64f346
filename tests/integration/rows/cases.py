"""Steps as data: a schema with rows, what a step does to it, and what must be seen of that."""

from __future__ import annotations

from dataclasses import dataclass

THING = """
CREATE TABLE thing (id int PRIMARY KEY, a text, b text, n numeric, f float8, t timestamptz, j jsonb, js json, l int[], y bytea);
INSERT INTO thing
SELECT g, 'Name ' || g, CASE WHEN g % 3 = 0 THEN NULL ELSE 'b' || g END, g * 1.25, g / 3.0::float8,
       '2024-03-31 00:30:00+00'::timestamptz + g * interval '1 hour', jsonb_build_object('k', g, 'l', '[]'::jsonb),
       ('{"k": ' || g || ', "z": [1, 2]}')::json, ARRAY[g, g + 1, NULL], decode(lpad(to_hex(g), 4, '0'), 'hex')
FROM generate_series(1, 20) AS g;
"""

LOOSE = """
CREATE TABLE loose (a int, b text);
INSERT INTO loose SELECT g % 4, 'b' || g % 3 FROM generate_series(1, 24) AS g;
"""


@dataclass(frozen=True)
class Case:
    """`seen` is what a comparison must say: "missing 1", "added 1", "changed a 2", "nulled", "filled", "
    ""represented a 2"."""

    name: str
    step: str
    seen: tuple[str, ...] = ()
    schema: str = THING

    def __str__(self) -> str:
        return self.name


CORRUPTIONS = (
    Case("a row dropped", "DELETE FROM thing WHERE id = 7", ("missing 1",)),
    Case("a row added", "INSERT INTO thing (id) VALUES (99)", ("added 1",)),
    Case("values swapped between rows", "UPDATE thing SET a = 'Name ' || 3 - id WHERE id IN (1, 2)", ("changed a 2",)),
    Case("the last digit", "UPDATE thing SET n = n + 0.01 WHERE id = 5", ("changed n 1",)),
    Case("the last bit of a float", "UPDATE thing SET f = f + 2e-16 WHERE id = 1", ("changed f 1",)),
    Case("NULL to ''", "UPDATE thing SET b = '' WHERE id = 3", ("changed b 1", "filled b 1")),
    Case("'' to NULL", "UPDATE thing SET b = NULL WHERE id = 4", ("changed b 1", "nulled b 1")),
    Case("a shifted zone", "UPDATE thing SET t = t + interval '1 hour'", ("changed t 20",)),
    Case("a truncated string", "UPDATE thing SET a = left(a, 5) WHERE id > 9", ("changed a 11",)),
    Case("case folded", "UPDATE thing SET a = lower(a)", ("changed a 20",)),
    Case("a trailing blank", "UPDATE thing SET a = a || ' ' WHERE id = 1", ("changed a 1",)),
    Case("a JSON value", "UPDATE thing SET j = jsonb_set(j, '{k}', '0') WHERE id = 2", ("changed j 1",)),
    Case("the shape of a document", """UPDATE thing SET j = jsonb_set(j, '{l}', '[[], []]') WHERE id = 2""", ("changed j 1",)),
    Case("a json value", """UPDATE thing SET js = '{"k": 2, "z": [2, 1]}' WHERE id = 2""", ("changed js 1",)),
    Case("an array element", "UPDATE thing SET l[2] = 0 WHERE id = 2", ("changed l 1",)),
    Case("the shape of an array", "UPDATE thing SET l = ARRAY[l] WHERE id = 2", ("changed l 1",)),
    Case("a byte", r"UPDATE thing SET y = '\x0007' WHERE id = 6", ("changed y 1",)),
    Case(
        "two at once",
        "UPDATE thing SET a = upper(a), f = 0 WHERE id = 1; DELETE FROM thing WHERE id = 2",
        ("changed a 1", "changed f 1", "missing 1"),
    ),
    Case("double precision to real", "ALTER TABLE thing ALTER f TYPE real", ("changed f 14",)),
    Case("numeric rounded", "ALTER TABLE thing ALTER n TYPE numeric(10, 1)", ("changed n 10", "represented n 10")),
    Case("numeric to integer", "ALTER TABLE thing ALTER n TYPE int", ("changed n 15", "represented n 5")),
    Case("a zone dropped", "SET TIME ZONE 'Europe/Berlin'; ALTER TABLE thing ALTER t TYPE timestamp", ("changed t 20",)),
    Case("a time of day dropped", "ALTER TABLE thing ALTER t TYPE date", ("changed t 20",)),
    Case(
        "a renamed column, one value off",
        "ALTER TABLE thing RENAME a TO z; UPDATE thing SET z = 'x' WHERE id = 1",
        ("changed z 1",),
    ),
    Case("a renamed table, one row off", "ALTER TABLE thing RENAME TO things; DELETE FROM things WHERE id = 1", ("missing 1",)),
    Case(
        "a renamed key, one row off",
        "ALTER TABLE thing RENAME id TO number; DELETE FROM thing WHERE number = 1",
        ("missing 1",),
    ),
    Case(
        "the key dropped, a row doubled",
        "ALTER TABLE thing DROP CONSTRAINT thing_pkey; INSERT INTO thing SELECT * FROM thing WHERE id = 1",
        ("added 1",),
    ),
    Case(
        "rebuilt without a row",
        "CREATE TABLE t AS SELECT * FROM thing WHERE id > 1; DROP TABLE thing; ALTER TABLE t RENAME TO thing",
        ("missing 1",),
    ),
    Case(
        "re-added with another value", "ALTER TABLE thing DROP b; ALTER TABLE thing ADD b text", ("changed b 14", "nulled b 14")
    ),
    Case("renumbered", "UPDATE thing SET id = id + 1000 WHERE id = 20", ("changed id 1",)),
    Case(
        "text folded by citext",
        "ALTER TABLE c ALTER v TYPE text USING lower(v::text)",
        ("changed v 1",),
        "CREATE EXTENSION citext SCHEMA pg_catalog; CREATE TABLE c (id int PRIMARY KEY, v citext); "
        "INSERT INTO c VALUES (1, 'A'), (2, 'b')",
    ),
    Case(
        "citext folded",
        "UPDATE c SET v = 'a' WHERE id = 1",
        ("changed v 1",),
        "CREATE EXTENSION citext; CREATE TABLE c (id int PRIMARY KEY, v citext); INSERT INTO c VALUES (1, 'A'), (2, 'b')",
    ),
    Case(
        "an enum recoded",
        "UPDATE e SET v = 'y' WHERE id = 1",
        ("changed v 1",),
        "CREATE TYPE xy AS ENUM ('x', 'y'); CREATE TABLE e (id int PRIMARY KEY, v xy); INSERT INTO e VALUES (1, 'x')",
    ),
    Case(
        "an enum label renamed",
        "ALTER TYPE xy RENAME VALUE 'x' TO 'z'",
        ("changed v 1",),
        "CREATE TYPE xy AS ENUM ('x', 'y'); CREATE TABLE e (id int PRIMARY KEY, v xy); INSERT INTO e VALUES (1, 'x')",
    ),
    Case(
        "a month is not thirty days",
        "UPDATE i SET v = '30 days'",
        ("changed v 1",),
        "CREATE TABLE i (id int PRIMARY KEY, v interval); INSERT INTO i VALUES (1, '1 month')",
    ),
    Case(
        "a text number loses its zero",
        "ALTER TABLE z ALTER v TYPE int USING v::int",
        ("changed v 1",),
        "CREATE TABLE z (id int PRIMARY KEY, v text); INSERT INTO z VALUES (1, '007'), (2, '8')",
    ),
    Case("keyless: a row dropped", "DELETE FROM loose WHERE ctid = (SELECT min(ctid) FROM loose)", ("missing 1",), LOOSE),
    Case("keyless: a row doubled", "INSERT INTO loose SELECT * FROM loose LIMIT 1", ("added 1",), LOOSE),
    Case(
        "keyless: doubled twice",
        "INSERT INTO loose SELECT * FROM loose LIMIT 1; INSERT INTO loose SELECT * FROM loose "
        "WHERE ctid = (SELECT min(ctid) FROM loose)",
        ("added 2",),
        LOOSE,
    ),
    Case("keyless: a value", "UPDATE loose SET b = 'x' WHERE ctid = (SELECT min(ctid) FROM loose)", ("changed b 1",), LOOSE),
    Case(
        "keyless: swapped",
        "UPDATE loose SET b = CASE b WHEN 'b1' THEN 'b2' ELSE 'b1' END WHERE ctid IN (SELECT min(ctid) "
        "FROM loose WHERE b <> 'b0' GROUP BY b)",
        ("changed a 2",),
        LOOSE.replace("g % 4", "g"),
    ),
    Case(
        "composite key: swapped",
        "UPDATE p SET v = 3 - v WHERE a = 1",
        ("changed v 2",),
        "CREATE TABLE p (a int, b text, v int, PRIMARY KEY (b, a)); INSERT INTO p VALUES (1, 'x', 1), (1, 'y', 2), (2, 'x', 1)",
    ),
    Case(
        "partitioned: a row dropped",
        "DELETE FROM part WHERE id = 150",
        ("missing 1",),
        "CREATE TABLE part (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); "
        "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100); "
        "CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (100) TO (200); "
        "INSERT INTO part SELECT g, 'v' || g FROM generate_series(0, 199) AS g",
    ),
    Case(
        "strange names",
        'UPDATE "Odd ""Schema"""."select" SET "Weird "" Name" = 0 WHERE "order" = \'it\'\'s\'',
        ('changed Weird " Name 1',),
        'CREATE SCHEMA "Odd ""Schema"""; CREATE TABLE "Odd ""Schema"""."select" ("order" text PRIMARY KEY, '
        '"Weird "" Name" int); '
        "INSERT INTO \"Odd \"\"Schema\"\"\".\"select\" VALUES ('it''s', 1), ('%', 2), ('\\\\', 3)",
    ),
)

HEALTHY = (
    Case("nothing", "SELECT 1"),
    Case(
        "a column that moved to the end",
        "ALTER TABLE thing ADD z text; UPDATE thing SET z = b; ALTER TABLE thing DROP b; ALTER TABLE thing RENAME z TO b",
    ),
    Case("a renamed column", "ALTER TABLE thing RENAME a TO z"),
    Case("a renamed table", "ALTER TABLE thing RENAME TO things"),
    Case("a table moved to another schema", "CREATE SCHEMA s; ALTER TABLE thing SET SCHEMA s"),
    Case("a renamed key", "ALTER TABLE thing RENAME id TO number"),
    Case(
        "a rebuilt table", "CREATE TABLE t AS SELECT * FROM thing ORDER BY a; DROP TABLE thing; ALTER TABLE t RENAME TO thing"
    ),
    Case(
        "rows in another order",
        "CREATE TEMP TABLE t AS SELECT * FROM thing; DELETE FROM thing; INSERT INTO thing SELECT * FROM t ORDER BY id DESC",
    ),
    Case("the key dropped", "ALTER TABLE thing DROP CONSTRAINT thing_pkey"),
    Case(
        "another key",
        "ALTER TABLE thing DROP CONSTRAINT thing_pkey; ALTER TABLE thing ADD CONSTRAINT k UNIQUE (a), ALTER a SET NOT NULL",
    ),
    Case("text to varchar", "ALTER TABLE thing ALTER a TYPE varchar(40)"),
    Case("int to bigint, the key", "ALTER TABLE thing ALTER id TYPE bigint"),
    Case("int to numeric, the key", "ALTER TABLE thing ALTER id TYPE numeric(12, 2)"),
    Case("int to text, the key", "ALTER TABLE thing ALTER id TYPE text"),
    Case("updated to the same", "UPDATE thing SET a = a"),
    Case("a new column filled", "ALTER TABLE thing ADD z int DEFAULT 7"),
    Case("numeric scale", "ALTER TABLE thing ALTER n TYPE numeric(10, 4)", ("represented n 20",)),
    Case("numeric to double precision", "ALTER TABLE thing ALTER n TYPE float8", ("represented n 10",)),
    Case(
        "json key order and blanks",
        """UPDATE thing SET js = ('{"z":[1,2],   "k":' || id || '}')::json""",
        ("represented js 20",),
    ),
    Case("json to jsonb", "ALTER TABLE thing ALTER js TYPE jsonb"),
    Case("jsonb to json and text", "ALTER TABLE thing ALTER j TYPE text"),
    Case(
        "text of JSON to jsonb",
        "ALTER TABLE d ALTER v TYPE jsonb USING v::jsonb",
        ("represented v 2",),
        "CREATE TABLE d (id int PRIMARY KEY, v text); "
        """INSERT INTO d VALUES (1, '{"b":1,"a":2}'), (2, '[1,2]'), (3, '5')""",
    ),
    Case(
        "text to a jsonb string",
        "ALTER TABLE d ALTER v TYPE jsonb USING to_jsonb(v)",
        ("represented v 2",),
        "CREATE TABLE d (id int PRIMARY KEY, v text); INSERT INTO d VALUES (1, 'abc'), (2, 'say \"x\"')",
    ),
    Case(
        "timestamptz to timestamp in UTC",
        "SET TIME ZONE 'UTC'; ALTER TABLE thing ALTER t TYPE timestamp",
        ("represented t 20",),
    ),
    Case("timestamptz under another zone", "SET TIME ZONE 'Asia/Tokyo'; UPDATE thing SET t = t"),
    Case(
        "char padding",
        "ALTER TABLE c ALTER v TYPE char(8)",
        ("represented v 2",),
        "CREATE TABLE c (id int PRIMARY KEY, v char(5)); INSERT INTO c VALUES (1, 'ab'), (2, 'abcde'), (3, NULL)",
    ),
    Case(
        "negative zero",
        "UPDATE f SET v = 0, w = 1",
        ("represented v 1",),
        "CREATE TABLE f (id int PRIMARY KEY, v float8, w int); INSERT INTO f VALUES (1, '-0', 1)",
    ),
    Case(
        "NaN and infinity",
        "UPDATE f SET v = v, w = w",
        schema="CREATE TABLE f (id int PRIMARY KEY, v float8, w numeric); INSERT INTO f VALUES (1, 'NaN', "
        "'NaN'), (2, '-inf', 'inf')",
    ),
    Case(
        "enum to text",
        "ALTER TABLE e ALTER v TYPE text; DROP TYPE xy",
        schema="CREATE TYPE xy AS ENUM ('x', 'y'); CREATE TABLE e (id int PRIMARY KEY, v xy); INSERT INTO e VALUES (1, 'x')",
    ),
    Case(
        "an enum in another order",
        "CREATE TYPE yx AS ENUM ('y', 'x'); ALTER TABLE e ALTER v TYPE yx USING v::text::yx; DROP TYPE xy",
        schema="CREATE TYPE xy AS ENUM ('x', 'y'); CREATE TABLE e (id int PRIMARY KEY, v xy); INSERT INTO e VALUES (1, 'x')",
    ),
    Case(
        "a domain unwrapped",
        "ALTER TABLE e ALTER v TYPE int; DROP DOMAIN d2; DROP DOMAIN d1",
        schema="CREATE DOMAIN d1 AS int CHECK (VALUE > 0); CREATE DOMAIN d2 AS d1; CREATE TABLE e (id int "
        "PRIMARY KEY, v d2); INSERT INTO e VALUES (1, 5), (2, NULL)",
    ),
    Case(
        "citext to text",
        "ALTER TABLE c ALTER v TYPE text; DROP EXTENSION citext",
        schema="CREATE EXTENSION citext; CREATE TABLE c (id text PRIMARY KEY, v citext); "
        "INSERT INTO c VALUES ('A', 'B'), ('c', NULL)",
    ),
    Case(
        "bool to int",
        "ALTER TABLE b ALTER v TYPE int USING v::int",
        ("represented v 2",),
        "CREATE TABLE b (id int PRIMARY KEY, v bool); INSERT INTO b VALUES (1, true), (2, false), (3, NULL)",
    ),
    Case(
        "text to uuid",
        "ALTER TABLE u ALTER v TYPE uuid USING v::uuid",
        ("represented v 1",),
        "CREATE TABLE u (id int PRIMARY KEY, v text); INSERT INTO u VALUES (1, "
        "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), (2, NULL)",
    ),
    Case(
        "date to timestamp",
        "ALTER TABLE u ALTER v TYPE timestamp",
        ("represented v 1",),
        "CREATE TABLE u (id int PRIMARY KEY, v date); INSERT INTO u VALUES (1, '2024-02-29'), (2, 'infinity')",
    ),
    Case(
        "keyless: rows in another order",
        "CREATE TEMP TABLE t AS SELECT * FROM loose; TRUNCATE loose; INSERT INTO loose SELECT * FROM t ORDER BY b DESC, a",
        schema=LOOSE,
    ),
    Case("keyless: a renamed column", "ALTER TABLE loose RENAME a TO z", schema=LOOSE),
    Case("keyless: a new column", "ALTER TABLE loose ADD z int DEFAULT 1", schema=LOOSE),
    Case("keyless: another type", "ALTER TABLE loose ALTER a TYPE text", schema=LOOSE),
    Case("keyless: a key of its own", "ALTER TABLE loose ADD id serial PRIMARY KEY", schema=LOOSE),
    Case(
        "keyless: numeric scale",
        "UPDATE k SET n = n * 1.0",
        ("represented 2",),
        "CREATE TABLE k (n numeric, a text); INSERT INTO k VALUES (1, 'x'), (1, 'x'), (NULL, 'y')",
    ),
    Case(
        "no columns",
        "SELECT 1",
        schema="CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES",
    ),
    Case(
        "an array of domains, a range, a composite",
        "UPDATE r SET id = id",
        schema="CREATE DOMAIN d AS int; CREATE TYPE pair AS (x int, y text); CREATE TABLE r (id int PRIMARY "
        "KEY, a d[], r int4range, p pair, "
        "m daterange, b bit(3), v varbit, mo money, ts tsvector, po point, i interval, ip inet, o oid, rc "
        'regclass, c "char", tz timetz, '
        "pn numrange, ia interval[], na numeric[]); INSERT INTO r VALUES (1, '{1,2}', '[1,5)', '(1,b)', "
        "'[2024-01-01,)', '101', '11', 5, "
        "'a b', '(1,2)', 'P1M', '10.0.0.1/8', 5, 'pg_class', 'x', '10:00+01', '[1.0,2)', '{P1D}', "
        "'{1.0,NaN}'); INSERT INTO r (id) VALUES (2)",
    ),
)
