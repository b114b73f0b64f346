"""The catalog's queries: each major version is asked only for what it knows."""

from __future__ import annotations

import re

import pytest

from migration_checks.capture import _object, _queries, _text

QUERY = """-- A query.
SELECT a
     , b -- since 17
  FROM t
 WHERE schema <> :'own_schema'
"""


@pytest.mark.parametrize(("major", "has"), [(14, False), (16, False), (17, True), (18, True)])
def test_lines_of_newer_versions_are_left_out(major: int, has: bool) -> None:
    """Comments too, and the toolkit's own schema is named."""
    text = _text(QUERY, major).decode()

    assert ("b" in text.split()) is has
    assert "A query" not in text
    assert "'migration_checks_own'" in text


@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
def test_every_query_is_plain_sql(major: int) -> None:
    """No variable of psql is left in it, brackets and quotes are even."""
    queries = _queries(major)

    assert queries.texts
    for text in (queries.probe, *queries.texts):
        plain = text.decode()
        assert not re.search(r":'\w", plain)
        assert plain.count("(") == plain.count(")")
        assert plain.count("'") % 2 == 0


def test_a_newer_version_is_asked_for_no_less() -> None:
    """Nothing that an older one is asked for is missing."""
    older, newer = _queries(14), _queries(18)

    assert len(older.texts) == len(newer.texts)
    assert sum(map(len, older.texts)) < sum(map(len, newer.texts))


def test_facets_without_a_value_are_left_out() -> None:
    """So that a newer server's NULL is no difference."""
    made = _object("column", "public.t.a", "table", "public.t", '{"type": "text", "default": null}')

    assert (made.definition, made.parent) == ({"type": "text"}, ("table", "public.t"))
    assert _object("schema", "public", None, None, "{}").parent is None
