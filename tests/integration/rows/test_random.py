"""Random small tables: whatever is swapped, doubled or altered is seen, and what is only rearranged is not."""

from __future__ import annotations

from collections import Counter
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from migration_checks.rows import Rows

Row: TypeAlias = "tuple[int | None, str | None, float | None]"

VALUES = st.tuples(
    st.one_of(st.none(), st.integers(-3, 3)),
    st.one_of(st.none(), st.sampled_from(["", " ", "a", "A", "a ", "null", "1", "0"])),
    st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 1e300, float("inf")])),
)
TABLES = st.lists(VALUES, max_size=6)
CALM = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fill(rows: Rows, table: list[Row], *, key: bool) -> None:
    """Make the table t anew, with the place in the list as its key, or without one."""
    execute = rows.connection.execute
    execute("DROP TABLE IF EXISTS public.t")
    execute("CREATE TABLE public.t (id int, a int, b text, c float8)")
    for number, row in enumerate(table):
        execute("INSERT INTO public.t VALUES (%s, %s, %s, %s)", (number if key else None, *row))
    if key:
        execute("ALTER TABLE public.t ADD PRIMARY KEY (id)")


@CALM
@given(before=TABLES, after=TABLES)
def test_keyed_rows_differ_as_they_do(rows: Rows, before: list[Row], after: list[Row]) -> None:
    """Counts of missing, added and changed are those that a comparison in Python finds."""
    fill(rows, before, key=True)
    one = rows.read(None, keep=True)
    fill(rows, after, key=True)
    changes = rows.compare(one, rows.read(one, keep=False))
    both = list(zip(before, after, strict=False))
    seen = {column.column: column.changed for table in changes.tables for column in table.columns}
    gone, new = (sum(getattr(table, name) for table in changes.tables) for name in ("missing", "added"))

    assert {name: n for index, name in enumerate("abc") if (n := sum(x[index] != y[index] for x, y in both))} == {
        name: count for name, count in seen.items() if name != "id"
    }
    assert (len(before) - len(both), len(after) - len(both)) == (gone, new)


@CALM
@given(before=TABLES, data=st.data())
def test_keyless_rows_are_a_multiset(rows: Rows, before: list[Row], data: st.DataObject) -> None:
    """Rows without a key are equal just when they are the same as often."""
    after = data.draw(st.one_of(st.permutations(before), TABLES))
    fill(rows, before, key=False)
    one = rows.read(None, keep=True)
    fill(rows, after, key=False)
    two = rows.read(one, keep=False)
    changes = rows.compare(one, two)
    same = Counter(before) == Counter(after)

    assert same == changes.data_equal
    assert same == (one["public.t"].digests == two["public.t"].digests)


@CALM
@given(table=st.lists(VALUES, min_size=2, max_size=6), data=st.data())
def test_digests_see_every_swap(rows: Rows, table: list[Row], data: st.DataObject) -> None:
    """Values of one column exchanged between rows give another digest of that column, and of no other."""
    column = data.draw(st.sampled_from(["a", "b", "c"]))
    order = data.draw(st.permutations(range(len(table))))
    index = "abc".index(column)
    swapped = [tuple(table[order[n]][i] if i == index else value for i, value in enumerate(row)) for n, row in enumerate(table)]
    fill(rows, table, key=True)
    one = rows.read(None, keep=False)["public.t"].digests
    fill(rows, [(row[0], row[1], row[2]) for row in swapped], key=True)  # type: ignore[misc]
    two = rows.read(None, keep=False)["public.t"].digests
    differing = {name for name in one if name and one[name] != two[name]}

    assert ({column} if swapped != table else set()) == differing


def test_fill_is_what_it_says(rows: Rows) -> None:
    """The helper of these tests writes just the rows it is given."""
    fill(rows, [(1, "x", None)], key=True)

    assert rows.connection.execute(sql.SQL("SELECT * FROM public.t")).fetchall() == [(0, 1, "x", None)]
