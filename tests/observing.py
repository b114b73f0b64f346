"""Statements under observation without a walk: on a connection of their own, or as a chain of revisions on one database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from migration_checks.bench import Bench
from migration_checks.budgets import Production
from migration_checks.checks import CHECKS
from migration_checks.config import Settings
from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.environment import Environment
from migration_checks.findings import judge
from migration_checks.graph import Revision
from migration_checks.observers import standing
from migration_checks.observers.facts import Observed
from migration_checks.observers.kinds import Kinds
from migration_checks.observers.looks import Course, look_from
from migration_checks.observers.statements import Reader, Seen, Transactions
from migration_checks.report import Report
from migration_checks.reporting import build_report
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Leg, Statement, Transition
from migration_checks.trials.lab import Bed
from migration_checks.trials.locks import LocksTrial
from tests.projects import Script, make_project


def observed(connection: psycopg.Connection, sqls: Sequence[str]) -> list[Observed]:
    """What each of `sqls` did, in one transaction that is rolled back. `connection` commits by itself otherwise."""
    before = standing.read(connection, {}, (), count=True)
    seen: dict[int, Seen] = {}
    with connection.transaction(force_rollback=True):
        for number, sql in enumerate(sqls):
            connection.execute(sql.encode())
            row = connection.execute("SELECT migration_checks_own.look(false)").fetchone()
            assert row is not None
            seen[number] = Seen(float(number), look=look_from(row[0]))
        after = standing.read(connection, {}, (), count=False)
    flushes = standing.major_of(connection) >= standing.FLUSHES_SINCE
    course = Course(before, (), flushes=flushes)
    kinds = Kinds((*before.keys, *after.keys), {**after.relations, **before.relations})
    reader = Reader(course, kinds, (), Transactions(()), float(len(sqls)))
    return list(reader.read([Statement(sql) for sql in sqls], seen, 0))


def locked(statement: Observed, *, indexes: bool = False) -> Mapping[str, str]:
    """The new locks of a statement by relation, of the schema public; of indexes only when asked."""
    return {
        lock.relation.removeprefix("public."): lock.mode
        for lock in statement.locks
        if lock.new and (indexes or lock.kind != "index")
    }


def watched(
    root: Path,
    databases: Databases,
    scripts: Sequence[Script],
    plant: str,
    *,
    at_rows: Mapping[str, int] | None = None,
    **options: Any,
) -> Report:
    """The OBSERVE legs of a whole chain on one database, judged: no walk around them. `plant` fills tables after the first.

    `options` are those of make_project, and fields of Settings.
    """
    project = make_project(root, scripts, **{name: options.pop(name) for name in ("env", "url") if name in options})
    settings = Settings(project.lineage(), root, trials=frozenset({"locks"}), at_rows=at_rows or {}, **options)
    url = databases.create("watched")
    with connect(url) as connection:
        assert standing.install(connection)
    with (
        Environment(settings.lineage, timeout=60) as environment,
        Bench(environment, url, settings.lineage, rows=1, seed=1) as bench,
    ):
        revisions = environment.graph().revisions
        assert environment.upgrade(revisions[0].id).failure is None
        bench.connection.execute(plant.encode())
        trial = LocksTrial(settings.budgets, Production(settings.at_rows), root)
        legs = [leg for revision in revisions[1:] for leg in _leg(trial, bench, databases, revision)]
    databases.drop(url)
    findings = judge(legs, CHECKS)
    return build_report(settings, databases.server, [each.id for each in revisions], legs, findings)


def _leg(trial: LocksTrial, bench: Bench, databases: Databases, revision: Revision) -> Iterator[Transition]:
    nothing = Snapshot(frozenset(), {}, {})
    ascend = Transition(Leg.ASCEND, revision.id, nothing, nothing, location=(revision.path, revision.upgrade_line))
    bed = Bed(revision, bench.url, bench, databases, ascend, None, lambda revision, leg: None)
    leg = trial.leg(bed, bench, Leg.OBSERVE, {})
    assert leg is not None, bed.notes
    yield leg
