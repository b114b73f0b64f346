"""The databases of a run: their names, whose they are, and that every one of them is dropped, whatever fails."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from migration_checks.database import _LISTS, Databases, _new_roles, _setting
from migration_checks.errors import ProviderError
from migration_checks.providers import Server

LISTED = "SELECT datname FROM pg_database WHERE NOT starts_with"


class Cluster:
    """The maintenance connection to a cluster of databases and roles; `broken` maps the start of a statement to an error."""

    def __init__(self, **broken: Exception) -> None:
        self.sent: list[str] = []
        self.databases = {"postgres"}
        self.roles = {"postgres"}
        self.broken: dict[str, Exception] = broken
        self.closed = False
        self.stale: list[tuple[str, str | None]] = []
        self.dependent: list[tuple[str]] = []

    def execute(self, query: Any, parameters: Any = None) -> Any:
        text = (
            query.as_string(None) if isinstance(query, sql.Composable) else query if isinstance(query, str) else query.decode()
        )
        self.sent.append(text)
        for start, error in self.broken.items():
            if text.startswith(start):
                raise error
        rows = self.rows(text)
        return SimpleNamespace(fetchall=lambda: rows)

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        words = text.split()
        if text.startswith("CREATE DATABASE"):
            self.databases.add(words[2].strip('"'))
        elif text.startswith("DROP DATABASE"):
            self.databases.discard(words[4].strip('"'))
        elif text.startswith("DROP ROLE"):
            self.roles.discard(words[4].strip('"'))
        elif "SELECT rolname FROM pg_roles" in text:
            return [(name,) for name in sorted(self.roles)]
        elif text.startswith(LISTED):
            return [(name,) for name in sorted(self.databases) if not name.startswith("mc_")]
        elif "pg_shdepend" in text:
            return list(self.dependent)
        elif "%(mark)s" in text:
            return list(self.stale)
        return []

    def close(self) -> None:
        self.closed = True


def databases(
    cluster: Cluster, *, throwaway: bool = True, shared: bool = False, version: int = 180000, fsync: bool = False
) -> Databases:
    made = Databases(Server("postgresql://o@h/postgres", version, "test", throwaway=throwaway, shared=shared, fsync=fsync))
    made._connection = cluster  # type: ignore[assignment]
    return made


def ours(cluster: Cluster) -> set[str]:
    return {name for name in cluster.databases if name.startswith("mc_")}


def test_everything_that_was_made_is_dropped() -> None:
    """And the connection is closed."""
    cluster = Cluster()
    with databases(cluster) as made:
        urls = [made.create("walk"), made.create("walk")]
        assert len(set(urls)) == len(ours(cluster)) == 2

    assert (ours(cluster), cluster.closed) == (set(), True)


def test_everything_is_dropped_though_one_cannot_be() -> None:
    """The first failure is told once all others are gone."""
    cluster = Cluster()
    made = databases(cluster).__enter__()
    first = made.create("one").rpartition("/")[2]
    made.create("two")
    cluster.broken[f'DROP DATABASE IF EXISTS "{first}"'] = psycopg.errors.ObjectInUse("in use")
    cluster.broken[f'ALTER DATABASE "{first}"'] = psycopg.errors.ObjectInUse("in use")

    with pytest.raises(ProviderError, match="Dropping the database"):
        made.__exit__(None, None, None)
    assert ours(cluster) == {first}


def test_what_the_block_raises_is_what_is_raised() -> None:
    """Trouble on the way out does not hide it."""
    cluster = Cluster(**{"DROP DATABASE": psycopg.errors.ObjectInUse("x"), "ALTER DATABASE": psycopg.errors.ObjectInUse("x")})

    made = databases(cluster).__enter__()
    made.create("one")
    reason = KeyError("the reason")
    made.__exit__(KeyError, reason, None)

    assert cluster.closed


@pytest.mark.parametrize("label", ["walk", 'Weird " Label; DROP', "x" * 200, "ümlaut"])
def test_names_are_plain_and_short(label: str) -> None:
    """Letters, digits and underscores, as many as PostgreSQL takes, with the run's token in front."""
    made = databases(Cluster())
    name = made.create(label).rpartition("/")[2]

    assert name.startswith(f"mc_{made.token:08x}_1_")
    assert len(name) <= 63
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_only_databases_of_the_run_are_dropped() -> None:
    """A mistake in a URL must not cost anybody a database."""
    made = databases(Cluster())

    for operation in (made.drop, made.disconnect):
        with pytest.raises(ProviderError, match="app was not made by this run"):
            operation("postgresql://o@h/app")


@pytest.mark.parametrize(
    ("fsync", "version", "expected"), [(False, 180000, True), (False, 140000, False), (True, 180000, False)]
)
def test_files_are_copied_where_that_is_fast(fsync: bool, version: int, expected: bool) -> None:
    """Not where its checkpoints would wait for a disk, nor where the server does not know it."""
    cluster = Cluster()
    databases(cluster, fsync=fsync, version=version).create("walk")

    assert any("STRATEGY FILE_COPY" in each for each in cluster.sent) is expected


def test_a_database_on_a_server_of_others_is_marked() -> None:
    """With the roles that there were, for whoever finds it after this run was killed."""
    cluster = Cluster()
    with databases(cluster, throwaway=False) as made:
        made.create("walk")
    comment = next(each for each in cluster.sent if each.startswith("COMMENT ON DATABASE"))

    assert json.loads(comment.partition(" IS ")[2].strip("'")) == {"roles": ["postgres"]}


def test_roles_and_databases_that_scripts_made_are_dropped() -> None:
    """They would meet the next walk; those to keep are kept."""
    cluster = Cluster()
    with databases(cluster) as made:
        cluster.roles |= {"reader", "writer"}
        cluster.databases.add("stray")
        assert made.made_roles() == {"reader", "writer"}
        made.restore_roles(keep=frozenset({"writer"}))
        assert (cluster.roles, cluster.databases) == ({"postgres", "writer"}, {"postgres"})

    assert cluster.roles == {"postgres"}


def test_on_a_shared_server_only_what_is_known_to_be_ours_is_dropped() -> None:
    """A role that appeared meanwhile may be somebody else's."""
    cluster = Cluster()
    with databases(cluster, throwaway=False, shared=True) as made:
        made.create("walk")
        cluster.roles |= {"ours", "theirs"}
        cluster.databases.add("theirs")
        cluster.dependent = [("ours",)]
        assert made.made_roles() == {"ours"}

    assert cluster.roles == {"postgres", "theirs"}
    assert "theirs" in cluster.databases


def test_what_dead_runs_left_is_swept() -> None:
    """Their databases, and the roles that were not there before them; a sweep that fails is no matter."""
    cluster = Cluster()
    cluster.databases |= {"mc_dead_1_walk"}
    cluster.roles |= {"left", "before"}
    cluster.dependent = [("left",), ("before",)]
    cluster.stale = [("mc_dead_1_walk", json.dumps({"roles": ["before", "postgres"]}))]
    with databases(cluster):
        assert ours(cluster) == set()
        assert cluster.roles == {"postgres", "before"}


def test_a_server_that_cannot_be_prepared() -> None:
    """One sentence; the connection is closed."""
    cluster = Cluster(**{"SELECT rolname": psycopg.errors.InsufficientPrivilege("permission denied")})

    with pytest.raises(ProviderError, match="Preparing the server failed: permission denied"), databases(cluster):
        pass
    assert cluster.closed


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ('{"roles": ["a"]}', {"b"}),
        ('{"roles": ["a"], "suspects": ["a", "c"]}', {"b", "c"}),
        (None, set()),
        ("no JSON", set()),
        ("[1]", set()),
    ],
)
def test_without_a_note_no_role_is_known_to_be_new(note: str | None, expected: set[str]) -> None:
    """Then none is dropped; a note also names roles that databases knew which are gone already."""
    assert _new_roles(frozenset({"a", "b"}), note) == expected


@pytest.mark.parametrize(
    ("role", "name", "value", "expected"),
    [
        (None, "work_mem", "64MB", 'ALTER DATABASE "d" SET "work_mem" = \'64MB\''),
        ("an", "app.tenant", "it's", 'ALTER ROLE "an" IN DATABASE "d" SET "app"."tenant" = \'it\'\'s\''),
        (None, "search_path", '"$user", app', 'ALTER DATABASE "d" SET "search_path" = "$user", app'),
    ],
)
def test_settings_of_a_database_are_copied(role: str | None, name: str, value: str, expected: str) -> None:
    """A list keeps its elements apart."""
    assert _setting("d", role, name, value).as_string(None) == expected
    assert "search_path" in _LISTS
