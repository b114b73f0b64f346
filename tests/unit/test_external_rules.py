"""Which servers of other people may be used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration_checks.errors import ProviderError
from migration_checks.providers.external import (
    _Facts,
    _require_rights,
    _require_solitude,
    is_ours_or_system,
    place,
)

FACTS = _Facts(170000, standby=False, may_create=True, role="ann", replicas=0, fsync=True, databases={"postgres": 0})


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (replace(FACTS, version=130012), "PostgreSQL 13"),
        (replace(FACTS, standby=True), "standby"),
        (replace(FACTS, may_create=False), "may not create databases"),
    ],
)
def test_a_server_that_cannot_be_used_is_refused(facts: _Facts, words: str) -> None:
    """Too old, read-only, or without the right to create databases: each in one sentence that names the server."""
    with pytest.raises(ProviderError) as caught:
        _require_rights(facts, "db:5432")

    assert words in caught.value.message
    assert "db:5432" in caught.value.message


def test_a_server_with_all_rights_is_taken() -> None:
    """Nothing is refused that would work."""
    _require_rights(FACTS, "db")
    _require_solitude(FACTS, [], "db")


@pytest.mark.parametrize(
    ("replicas", "others", "words"),
    [
        (0, ["app"], "it holds app."),
        (0, ["a", "b", "c", "d", "e"], "it holds a, b, c and 2 more."),
        (2, [], "looks like a primary"),
    ],
)
def test_a_server_that_others_use_is_refused(replicas: int, others: list[str], words: str) -> None:
    """Databases that somebody lives in, or replicas, make it somebody's; the remedy says how to insist."""
    with pytest.raises(ProviderError) as caught:
        _require_solitude(replace(FACTS, replicas=replicas), others, "db")

    assert words in caught.value.message
    assert "--allow-shared-server" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("postgres", True),
        ("template1", True),
        ("rdsadmin", True),
        ("azure_maintenance", True),
        ("cloudsqladmin", True),
        ("mc_0badcafe_12_walk", True),
        ("mc_0badcafe", False),
        ("mc_customers", False),
        ("app", False),
    ],
)
def test_whose_a_database_is(name: str, expected: bool) -> None:
    """PostgreSQL's, a hosting service's and the toolkit's own are nobody's; a name that only begins alike is somebody's."""

    assert expected is is_ours_or_system(name)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ann:pw@db:5433/x", "db:5433"),
        ("postgresql://db/x", "db"),
        ("postgresql:///x?host=/run/postgresql&port=5433", "/run/postgresql"),
        ("postgresql:///x?service=mine", "mine"),
    ],
)
def test_how_a_message_names_a_server(url: str, expected: str) -> None:
    """By host and port, never by the whole URL."""

    assert expected == place(url)
