"""Tables, columns and keys are recognised across renames, rebuilds and new numbers."""

from __future__ import annotations

from migration_checks.rows.identity import pair_columns, pair_tables, same_state, same_table, shared_keys
from migration_checks.snapshot import Column, Table


def table(name: str, oid: int, *columns: str, key: tuple[str, ...] = (), **more: object) -> Table:
    """A table whose columns are given as "name" or "number:name"."""
    made = []
    for place, each in enumerate(columns, 1):
        number, _, label = each.rpartition(":")
        made.append(Column(label, int(number or place), "text"))
    return Table(name, oid, tuple(made), key, 1, name, **more)  # type: ignore[arg-type]


def named(*tables: Table) -> dict[str, Table]:
    return {each.name: each for each in tables}


def test_tables_pair_by_oid_then_by_name() -> None:
    """A renamed table keeps its oid, a rebuilt one its name; what is left is new or gone."""
    before = named(table("a", 1), table("b", 2), table("c", 3))
    after = named(table("z", 1), table("b", 9), table("n", 10))
    pairs = [(left and left.name, right and right.name) for left, right in pair_tables(before, after)]

    assert pairs == [("b", "b"), (None, "n"), ("a", "z"), ("c", None)]


def test_a_name_taken_over_is_not_the_old_table() -> None:
    """When a table is renamed and another takes its name, the renamed one is the old one."""
    before = named(table("a", 1))
    after = named(table("a_old", 1), table("a", 2))
    pairs = {right.name: left and left.name for left, right in pair_tables(before, after) if right}

    assert pairs == {"a": None, "a_old": "a"}


def test_columns_pair_by_number_then_by_name() -> None:
    """A renamed column keeps its number, a re-added one its name."""
    columns = pair_columns(table("t", 1, "1:a", "2:b", "3:c"), table("t", 1, "1:x", "4:b", "5:n"))

    assert [(left.name, right.name) for left, right in columns.pairs] == [("a", "x"), ("b", "b")]
    assert [column.name for column in columns.dropped] == ["c"]
    assert [column.name for column in columns.created] == ["n"]


def test_at_one_place_a_name_says_more_than_what_once_had_it() -> None:
    """Tables and columns that were swapped are not those of before; only what has no such name may have been renamed."""
    before, after = named(table("a", 1), table("b", 2), table("c", 3)), named(table("b", 1), table("a", 2), table("z", 3))
    pairs = {right.name: left and left.oid for left, right in pair_tables(before, after, by_name=True) if right}
    columns = pair_columns(table("t", 1, "1:a", "2:b", "3:c"), table("t", 1, "1:b", "2:a", "3:z"), by_name=True)

    assert pairs == {"a": 1, "b": 2, "z": 3}
    assert [(left.name, right.name) for left, right in columns.pairs] == [("a", "a"), ("b", "b"), ("c", "z")]
    places = named(table("a", 1), table("b", 2))
    assert (places["a"], places["b"]) == tuple(same_table(table("a", 2), places, by_name=each) for each in (True, False))


def test_columns_of_another_table_pair_by_name() -> None:
    """Numbers mean nothing between two tables."""
    columns = pair_columns(table("t", 1, "1:a", "2:b"), table("t", 2, "1:b", "2:a"))

    assert [(left.name, right.name) for left, right in columns.pairs] == [("a", "a"), ("b", "b")]


def test_keys_follow_renames() -> None:
    """A key is shared when its columns, under whatever name, identify rows on both sides; the earlier one comes first."""
    before = table("t", 1, "1:id", "2:code", "3:x", key=("id",), uniques=(("code",), ("x",)))
    after = table("t", 1, "1:number", "2:code", "3:x", key=("code",), uniques=(("number",),))
    keys = shared_keys(before, after, pair_columns(before, after))

    assert [[left.name for left, _ in pairs] for pairs in keys] == [["id"], ["code"]]


def test_digests_prove_equality_only_under_the_same_key() -> None:
    """A column's digest is bound to the key: under another key it proves nothing."""
    digests = {"id": "i:1", "a": "t:2", "": "w"}
    before = table("t", 1, "1:id", "2:a", key=("id",), digests=digests)
    same = table("t", 1, "1:id", "2:a", key=("id",), digests=dict(digests))
    other = table("t", 1, "1:id", "2:a", key=("a",), digests=dict(digests))
    changed = table("t", 1, "1:id", "2:a", key=("id",), digests={**digests, "a": "t:3"})

    assert same_state(before, same, pair_columns(before, same))
    assert not same_state(before, other, pair_columns(before, other))
    assert not same_state(before, changed, pair_columns(before, changed))
    assert not same_state(before, table("t", 1, "1:id", "2:a", key=("id",)), pair_columns(before, same))
