"""The order in which tables are filled."""

from __future__ import annotations

from migration_checks.seeding.order import levels


def test_parents_come_first():
    """A table follows every table that it refers to, whatever their names."""

    assert levels({"a": ["m"], "m": ["z"], "z": []}) == [("z",), ("m",), ("a",)]


def test_tables_in_a_circle_come_together():
    """Tables that refer to one another form one group, in the order of their names."""

    assert levels({"c": ["a", "p"], "a": ["b"], "b": ["c"], "p": [], "d": ["b"]}) == [("p",), ("a", "b", "c"), ("d",)]


def test_what_is_outside_is_left_aside():
    """A reference to itself, or to a table that is not to be filled, is no reason to wait."""

    assert levels({"a": ["a", "elsewhere"]}) == [("a",)]


def test_a_long_chain_needs_no_recursion():
    """Thousands of tables in a row are ordered, deeper than Python's stack."""

    chain = {f"t{place:05d}": [f"t{place + 1:05d}"] for place in range(5000)}

    assert "t05000" not in chain
    assert levels(chain)[0] == ("t04999",)
    assert levels(chain)[-1] == ("t00000",)
