"""The catalog's queries: each major version is asked only for what it knows."""

from __future__ import annotations

import re

import pytest

from migration_checks.capture import _object, _text, queries_for

QUERY = """-- A query.
SELECT a
     , b -- since 17
  FROM t
 WHERE schema <> :'own_schema'
"""


@pytest.mark.parametrize(("major", "has"), [(14, False), (16, False), (17, True), (18, True)])
def test_lines_of_newer_versions_are_left_out(major: int, has: bool) -> None:
    """Comments too, and the toolkit's own schema is named."""
    text = _text(QUERY, major, given=False).decode()

    assert ("b" in text.split()) is has
    assert "A query" not in text
    assert "'migration_checks_own'" in text


@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
def test_every_query_is_plain_sql(major: int) -> None:
    """No variable of psql is left in it, brackets and quotes are even."""
    queries = queries_for(major)

    assert queries.whole
    for text in (queries.probe, *queries.whole.values(), *queries.partial.values()):
        plain = text.decode()
        assert not re.search(r":'\w", plain)
        assert plain.count("(") == plain.count(")")
        assert plain.count("'") % 2 == 0


def test_a_newer_version_is_asked_for_no_less() -> None:
    """Nothing that an older one is asked for is missing."""
    older, newer = queries_for(14), queries_for(18)

    assert older.whole.keys() == newer.whole.keys()
    assert sum(map(len, older.whole.values())) < sum(map(len, newer.whole.values()))


def test_some_queries_can_be_asked_of_some_relations_only() -> None:
    """Those that look for what belongs to a relation; the lines that say so are left out where everything is asked for."""
    queries = queries_for(18)

    assert queries.partial.keys() == {"tables.sql", "constraints.sql"}
    assert not any(b"$1" in text for text in queries.whole.values())
    assert all(b"$1::oid[]" in text for text in queries.partial.values())


def test_facets_without_a_value_are_left_out() -> None:
    """So that a newer server's NULL is no difference."""
    made = _object(b"column", b"public.t.a", b"table", b"public.t", b'{"type": "text", "default": null}')

    assert (made.definition, made.parent) == ({"type": "text"}, ("table", "public.t"))
    assert _object(b"schema", b"public", None, None, b"{}").parent is None
