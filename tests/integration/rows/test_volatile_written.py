"""What the run or the toolkit itself explains is told from what a step did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migration_checks.rows import Rows
from migration_checks.transition import Changes
from tests.integration.rows.support import run

DRAWN = """
CREATE TABLE parent (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, at timestamptz DEFAULT now());
CREATE TABLE child (id serial PRIMARY KEY, parent_id uuid REFERENCES parent, label text, made timestamp, token text);
"""

STEP = """
INSERT INTO parent (name) SELECT 'p' || g FROM generate_series(1, 5) AS g;
INSERT INTO child (parent_id, label, made, token)
SELECT id, name, now() AT TIME ZONE 'Asia/Tokyo', gen_random_uuid() FROM parent
"""


def twice(rows: Rows, url: str, *, again: str = STEP, windows: bool = True) -> Changes:
    """Run a step, take it back, run it `again`: how the two results differ."""
    run(url, DRAWN)
    empty = rows.read(None, keep=True)
    ends = [datetime.now(UTC)]
    run(url, STEP)
    ends.append(datetime.now(UTC))
    first = rows.read(empty, keep=True)
    run(url, "DELETE FROM child; DELETE FROM parent")
    ends.append(datetime.now(UTC))
    run(url, again)
    ends.append(datetime.now(UTC))
    second = rows.read(first, keep=False)
    return rows.compare(first, second, windows=((ends[0], ends[1]), (ends[2], ends[3])) if windows else None)


def facts(changes: Changes) -> dict[str, tuple[int, int]]:
    """Column -> (changed, volatile)."""
    return {
        f"{table.table}.{column.column}": (column.changed, column.volatile)
        for table in changes.tables
        for column in table.columns
    }


def test_chance_explains_drawn_values(rows: Rows, database: str) -> None:
    """Random keys, references to them, serial numbers and times of the run differ between two runs: volatile, not lost."""
    changes = twice(rows, database)

    assert all(not table.missing and not table.added for table in changes.tables)
    assert facts(changes) == {
        "public.parent.id": (5, 5),
        "public.parent.at": (5, 5),
        "public.child.id": (5, 5),
        "public.child.parent_id": (5, 5),
        "public.child.made": (5, 5),
        "public.child.token": (5, 5),
    }


def test_chance_explains_nothing_else(rows: Rows, database: str) -> None:
    """A value that is not drawn differs for real, also in a row whose key is drawn."""
    changes = twice(rows, database, again=STEP.replace("'p' || g", "'q' || g"))

    assert {each.table: (each.missing, each.added) for each in changes.tables} == {
        "public.parent": (5, 5),
        "public.child": (5, 5),
    }


def test_a_time_outside_the_run_is_real(rows: Rows, database: str) -> None:
    """A timestamp that is not of the run differs for real."""
    changes = twice(rows, database, again=STEP + "; UPDATE parent SET at = at - interval '1 day'")

    assert facts(changes)["public.parent.at"] == (5, 0)


def test_without_windows_nothing_is_volatile(rows: Rows, database: str) -> None:
    """Two states that are not runs of one step may not differ by chance."""
    assert all(not volatile for _, volatile in facts(twice(rows, database, windows=False)).values())


MOMENTS = {
    "seconds int": "extract(epoch FROM clock_timestamp())::int",
    "millis bigint": "trunc(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    "micros numeric": "extract(epoch FROM clock_timestamp()) * 1000000",
    "nanos bigint": "(extract(epoch FROM clock_timestamp()) * 1000000000)::bigint",
    "floating float8": "extract(epoch FROM clock_timestamp())",
    "iso text": "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    "shifted varchar": "replace(clock_timestamp()::text, ' ', 'T')",
    "local text": "(clock_timestamp() AT TIME ZONE 'Asia/Kolkata')::text",
}


@pytest.mark.parametrize("shift", ["", "+ interval '1 hour 3 minutes'"])
@pytest.mark.parametrize("key", ["int PRIMARY KEY", "uuid PRIMARY KEY", "int"])
def test_moments_need_no_type_of_their_own(rows: Rows, database: str, key: str, shift: str) -> None:
    """A moment as a number since 1970 or as ISO text is of the run where it lies within it, and real elsewhere."""
    run(database, f"CREATE TABLE t (id {key}, n int, {', '.join(MOMENTS)})")
    identity = "gen_random_uuid()" if "uuid" in key else "g"
    step = f"INSERT INTO t SELECT {identity}, g + 1795391432, {', '.join(MOMENTS.values())} FROM generate_series(1, 5) AS g"
    empty = rows.read(None, keep=True)
    ends = [datetime.now(UTC)]
    run(database, step)
    ends.append(datetime.now(UTC))
    first = rows.read(empty, keep=True)
    ends.append(datetime.now(UTC))
    run(database, f"DELETE FROM t; {step.replace('clock_timestamp()', f'(clock_timestamp() {shift})')}")
    ends.append(datetime.now(UTC))
    windows = ((ends[0], ends[1]), (ends[2], ends[3]))
    (table,) = rows.compare(first, rows.read(first, keep=False), windows=windows).tables
    real = {each.column for each in table.columns if each.changed != each.volatile}

    if shift:
        assert table.missing == 5 or real == {each.split()[0] for each in MOMENTS}
    else:
        assert (table.missing, table.added, real) == (0, 0, set())


def test_references_to_rows_that_were_there_tell_rows_of_drawn_keys_apart(rows: Rows, database: str) -> None:
    """Two runs that draw keys and copy references made the same rows; other references are another result."""
    run(
        database,
        """CREATE TABLE d (id uuid PRIMARY KEY); INSERT INTO d SELECT gen_random_uuid() FROM generate_series(1, 50);
        CREATE TABLE s (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, created timestamptz DEFAULT now(),
            d uuid REFERENCES d, active bool NOT NULL)""",
    )
    fill = "INSERT INTO s (d, active) SELECT id, true FROM d"
    empty = rows.read(None, keep=True)
    states, windows = [empty], []
    for script in (fill, f"DELETE FROM s; {fill}", f"DELETE FROM s; {fill} ORDER BY id LIMIT 49; {fill} ORDER BY id LIMIT 1"):
        start = datetime.now(UTC)
        run(database, script)
        windows.append((start, datetime.now(UTC)))
        states.append(rows.read(states[-1], keep=True))
    same = rows.compare(states[1], states[2], windows=(windows[0], windows[1]))
    other = rows.compare(states[1], states[3], windows=(windows[0], windows[2]))

    assert facts(same) == {"public.s.id": (50, 50), "public.s.created": (50, 50)}
    assert not any(table.missing or table.added for table in same.tables)
    changed, by_chance = facts(other)["public.s.d"]
    assert (changed, by_chance) == (1, 0)


TABLES = (
    "CREATE TABLE t (id int PRIMARY KEY, a text, b int); INSERT INTO t SELECT g, 'a' || g, g FROM generate_series(1, 10) g; "
    "CREATE TABLE k (a text); INSERT INTO k SELECT 'a' || g % 3 FROM generate_series(1, 9) g"
)


@pytest.mark.parametrize(
    ("wrote", "did", "missing", "changed"),
    [
        ("INSERT INTO t VALUES (11, 'new', 1); INSERT INTO k VALUES ('new')", "SELECT 1", 0, 0),
        ("INSERT INTO t VALUES (11, 'new', 1)", "DELETE FROM t WHERE id = 11", 0, 0),
        ("INSERT INTO t VALUES (11, 'new', 1)", "DELETE FROM t WHERE id = 3", 1, 0),
        ("UPDATE t SET b = 0 WHERE id < 4", "SELECT 1", 0, 0),
        ("UPDATE t SET b = 0 WHERE id < 4", "UPDATE t SET a = 'x' WHERE id > 2", 0, 7),
        ("ALTER TABLE t ADD c int; UPDATE t SET c = id", "ALTER TABLE t DROP c; UPDATE t SET a = 'x'", 0, 10),
        ("INSERT INTO k VALUES ('new')", "DELETE FROM k WHERE a = 'a1'", 3, 0),
        ("UPDATE k SET a = 'z' WHERE a = 'a1'", "SELECT 1", 0, 0),
        ("INSERT INTO t VALUES (11, 'new', 1)", "INSERT INTO t VALUES (12, 'from it', 1)", 0, 0),
    ],
)
def test_what_the_toolkit_wrote_is_set_aside(
    rows: Rows, database: str, wrote: str, did: str, missing: int, changed: int
) -> None:
    """Rows that the toolkit added or altered on the way count neither as missing nor as changed; all others do."""
    run(database, TABLES)
    before = rows.read(None, keep=True)
    run(database, "SELECT 1")
    earlier = rows.read(before, keep=True)
    run(database, wrote)
    later = rows.read(earlier, keep=True)
    run(database, did)
    changes = rows.compare(before, rows.read(later, keep=False), written=[(earlier, later)])

    assert missing == sum(table.missing for table in changes.tables)
    assert changed == sum(column.changed for table in changes.tables for column in table.columns)
    assert not any(table.added for table in changes.tables)
    assert not changes.unread


@pytest.mark.parametrize(
    ("downgrade", "missing", "changed"),
    [
        ("ALTER TABLE t DROP c", 0, 0),
        ("DELETE FROM t WHERE id > 10; ALTER TABLE t DROP c", 2, 0),
        ("DELETE FROM t WHERE id = 3", 0, 0),
        ("UPDATE t SET a = left(a, 2); ALTER TABLE t DROP c", 0, 2),
        ("DROP TABLE t", 0, 0),
        ("ALTER TABLE t RENAME TO u; DELETE FROM u WHERE id = 11", 1, 0),
        ("DELETE FROM k WHERE a = 'written'", 1, 0),
    ],
)
def test_written_rows_survive_or_not(rows: Rows, database: str, downgrade: str, missing: int, changed: int) -> None:
    """Of rows written after an upgrade, those are reported that are gone or altered where their table is still there."""
    run(database, TABLES + "; ALTER TABLE t ADD c int")
    before = rows.read(None, keep=True)
    run(database, "INSERT INTO t VALUES (11, 'written', 1, 1), (12, 'also', 1, 1); INSERT INTO k VALUES ('written')")
    written = rows.read(before, keep=True)
    run(database, downgrade)
    found = rows.survivors(before, written, rows.read(written, keep=False)).tables

    assert missing == sum(table.missing for table in found)
    assert changed == sum(column.changed for table in found for column in table.columns)
    assert bool(missing or changed) == bool(found)


@pytest.mark.parametrize(
    ("upgrade", "value", "downgrade", "changed"),
    [
        (
            "ALTER TABLE s ALTER n DROP NOT NULL",
            "NULL, 'a', 1, 'old'",
            "UPDATE s SET n = 0 WHERE n IS NULL; ALTER TABLE s ALTER n SET NOT NULL",
            0,
        ),
        (
            "ALTER TABLE s ALTER c TYPE text",
            "1, 'too long', 1, 'old'",
            "ALTER TABLE s ALTER c TYPE varchar(3) USING left(c, 3)",
            0,
        ),
        ("ALTER TABLE s ALTER m TYPE numeric", "1, 'a', 1.239, 'old'", "ALTER TABLE s ALTER m TYPE numeric(5, 2)", 0),
        (
            "ALTER TABLE s ALTER m TYPE numeric",
            "1, 'a', 1.25, 'old'",
            "ALTER TABLE s ALTER m TYPE numeric(5, 2) USING trunc(m)",
            1,
        ),
        ("ALTER TYPE e ADD VALUE 'new'", "1, 'a', 1, 'new'", "{label}", 0),
        ("ALTER TYPE e ADD VALUE 'new'", "1, 'a', 1, 'other'", "UPDATE s SET e = 'other'; {label}", 0),
        ("ALTER TYPE e ADD VALUE 'new'", "1, 'a', 1, 'other'", "UPDATE s SET e = 'old'; {label}", 1),
    ],
)
def test_rows_that_only_the_new_schema_can_hold(
    rows: Rows, database: str, upgrade: str, value: str, downgrade: str, changed: int
) -> None:
    """What a downgrade has to change, since the old schema has no place for it, is no loss; what it need not change is."""
    label = """UPDATE s SET e = 'old' WHERE e = 'new'; ALTER TYPE e RENAME TO o; CREATE TYPE e AS ENUM ('old', 'other');
        ALTER TABLE s ALTER e TYPE e USING e::text::e; DROP TYPE o"""
    table = "CREATE TABLE s (id int PRIMARY KEY, n int NOT NULL, c varchar(3), m numeric(5, 2), e e)"
    run(database, f"CREATE TYPE e AS ENUM ('old', 'other'); {table}; INSERT INTO s VALUES (1, 1, 'a', 1, 'old')")
    run(database, upgrade)
    before = rows.read(None, keep=True)
    run(database, f"INSERT INTO s VALUES (2, {value})")
    written = rows.read(before, keep=True)
    run(database, downgrade.format(label=label))
    found = rows.survivors(before, written, rows.read(written, keep=False)).tables

    assert changed == sum(column.changed for table in found for column in table.columns)


def test_clocks_may_be_behind(rows: Rows, database: str) -> None:
    """A window is taken as the server's clock has it, a little slack allowed."""
    run(database, "CREATE TABLE t (id int PRIMARY KEY, at timestamptz); INSERT INTO t VALUES (1, '2024-01-01 10:00:01+00')")
    before = rows.read(None, keep=True)
    run(database, "UPDATE t SET at = '2024-01-01 11:00:04+00'")
    start = datetime(2024, 1, 1, 10, 0, 0, tzinfo=UTC)
    second = timedelta(seconds=1)
    legs = ((start, start + second), (start + timedelta(hours=1, seconds=2), start + timedelta(hours=1, seconds=3)))
    changes = rows.compare(before, rows.read(before, keep=False), windows=legs)

    assert facts(changes) == {"public.t.at": (1, 1)}


def test_written_rows_of_a_table_that_is_too_wide_are_not_compared(rows: Rows, database: str) -> None:
    """The server compares no more than 1,664 values at once: such a table is named, and the others are compared."""
    wide = ", ".join(f"c{number} int" for number in range(1500))
    run(database, f"CREATE TABLE wide (id int PRIMARY KEY, {wide}); INSERT INTO wide VALUES (1, 1); " + TABLES)
    before = rows.read(None, keep=True)
    run(database, "INSERT INTO wide VALUES (2, 2); INSERT INTO k VALUES ('written')")
    written = rows.read(before, keep=True)
    run(database, "UPDATE wide SET c7 = 7; DELETE FROM k WHERE a = 'written'")
    found = rows.survivors(before, written, rows.read(written, keep=False))

    assert {"public.wide": "target lists can have at most 1664 entries"} == found.unread
    assert ["public.k"] == [each.table for each in found.tables]


MADE = {
    "hex text": "md5(random()::text) || left(md5(random()::text), 8)",
    "base64 text": "encode(uuid_send(gen_random_uuid()), 'base64')",
    "prefixed text": "'usr_' || gen_random_uuid()",
    "short varchar(8)": "upper(substr(md5(random()::text), 1, 8))",
    "partly text": "CASE WHEN g > 9 THEN 'kept-' || g ELSE md5(random()::text) END",
    "secret bytea": "uuid_send(gen_random_uuid())",
    "said text": "'migrated at ' || now()",
    "doc jsonb": "jsonb_build_object('n', g, 'at', now(), 'by', gen_random_uuid())",
    "plain json": "json_build_object('n', g, 'at', now())",
    "many uuid[]": "ARRAY[gen_random_uuid(), gen_random_uuid()]",
    "valid tstzrange": "tstzrange(now(), NULL)",
    "expires timestamptz": "now() + interval '30 days'",
    "due timestamp": "now() AT TIME ZONE 'Asia/Tokyo' - g * interval '1 week'",
}
DEALT = {
    "code text": "'code-' || lpad(((g + {0}) % 40)::text, 4, '0')",
    "state text": "'state-{0}'",
    "names text": "'one of ' || g + {0}",
    "numbers jsonb": "jsonb_build_object('n', g + {0})",
    "stamped jsonb": "jsonb_build_object('n', g + {0}, 'at', now())",
    "past timestamptz": "timestamptz '2024-01-01' + (g + {0}) * interval '1 day'",
    "ago text": "'migrated at ' || now() - {0} * interval '1 hour 3 minutes'",
    "parts int[]": "ARRAY[g, g + {0}]",
    "span tstzrange": "tstzrange(timestamptz '2024-01-01' + {0} * interval '1 day', NULL)",
    "raw bytea": "decode(lpad(to_hex((g + {0}) % 40), 16, '0'), 'hex')",
}


def run_twice(rows: Rows, url: str, columns: dict[str, str], again: dict[str, str]) -> dict[str, tuple[int, int]]:
    """(changed, volatile) by column, of a step that fills the columns of rows that were there, and does it `again`."""
    run(url, f"CREATE TABLE t (id int PRIMARY KEY, {', '.join(columns)})")
    run(url, "INSERT INTO t (id) SELECT generate_series(1, 30)")
    empty = rows.read(None, keep=True)
    ends, states = [datetime.now(UTC)], []
    for expressions in (columns, again):
        given = ", ".join(f"{name.split()[0]} = {expression}" for name, expression in expressions.items())
        run(url, f"UPDATE t SET {given} FROM generate_series(1, 30) g WHERE g = id")
        ends += [datetime.now(UTC)] * 2
        states.append(rows.read(states[0] if states else empty, keep=True))
    (table,) = rows.compare(*states, windows=((ends[0], ends[1]), (ends[2], ends[3])), origin=empty).tables
    return {column.column: (column.changed, column.volatile) for column in table.columns}


def test_what_holds_something_of_the_run_is_of_the_run(rows: Rows, database: str) -> None:
    """Tokens of any shape, documents and text with a moment or a uuid in them, moments reckoned from now."""
    expected = {name.split()[0]: (30, 30) for name in MADE} | {"partly": (9, 9)}
    assert expected == run_twice(rows, database, MADE, MADE)


def test_what_is_only_dealt_out_otherwise_is_real(rows: Rows, database: str) -> None:
    """Values that the other run has as well, other content beside a moment, moments that are not of the run."""
    once, again = ({name: text.format(number) for name, text in DEALT.items()} for number in (0, 1))
    found = run_twice(rows, database, once, again)

    assert {name.split()[0] for name in DEALT} == found.keys()
    assert {0} == {volatile for _, volatile in found.values()}
