"""A step under observation, from literal looks: its evidence, the relations that it is about, and what care is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migration_checks.budgets import Budgets, Production
from migration_checks.environment import Outcome
from migration_checks.observers.facts import ForeignKey, Hold, Relation
from migration_checks.observers.poller import Sighting
from migration_checks.observers.standing import Key, Known, Standing
from migration_checks.transition import Statement
from migration_checks.trials.locks import LocksTrial, Sight, _first_line

T = Known(1, "r", "public.t", 101, size=8192, dead=0, rows=40)
U = Known(2, "r", "public.u", 102, size=0, rows=0)
P = Known(3, "r", "public.part", 103, partition=True, parents=(1,), rows=5)
I = Known(4, "i", "public.t_key", 104, owner=1, size=16)  # noqa: E741
KEY = Key("t_u", 1, 2, (2,), ("u_id",), False)
TRIAL = LocksTrial(Budgets(), Production({"t": 10**6}), Path("/p"))


def standing(*relations: Known, keys: tuple[Key, ...] = (), upkeep: Any = (), temp: int = 0) -> Standing:
    return Standing({each.oid: each for each in relations}, keys, upkeep, temp)


def sight(before: Standing, after: Standing | None = None) -> Sight:
    return Sight(before, after or before, frozenset({"public.alembic_version"}), True)


def look(*locks: tuple[int, str], wal: int = 0, relations: Any = None) -> str:
    """A look as the server writes it."""
    shown = relations or [[each.oid, each.kind, each.name, each.file, each.owner] for each in (T, U, P, I)]
    return json.dumps({"i": 0, "x": "3/1", "w": wal, "l": [list(each) for each in locks], "r": shown, "c": None, "s": None})


def outcome(*looks: str | None, seconds: float = 2.0, overhead: float = 0.5, why: str = "") -> Outcome:
    sent = tuple(Statement(f"ALTER {number}", 0.25, path="/p/b.py", line=number) for number in range(len(looks)))
    seen = [[number, float(number), 100.0 + number, 0.0, text] for number, text in enumerate(looks)]
    watched = {"seen": seen, "ends": [], "overhead": overhead, "why": why}
    return Outcome(seconds, sent, None, frozenset(), frozenset(), len(sent), (), watched)


def test_the_evidence_of_a_leg() -> None:
    """Statements with their locks, who is kept from which table for how long, and the size of production."""
    before = standing(T, U, P, I, temp=100)
    after = standing(Known(1, "r", "public.t", 101, size=9000, dead=7), U, P, I, temp=350)
    seen = TRIAL._evidence(
        sight(before, after), outcome(look((1, "AccessExclusiveLock"), wal=30), None, why="a reason"), [], 10
    )

    first, second = seen.statements
    assert [("public.t", "ACCESS EXCLUSIVE", True)] == [(each.relation, each.mode, each.new) for each in first.locks]
    assert (20, False, 1.5) == (first.wal_bytes, second.looked, first.held_until)
    assert (Hold("public.t", "ACCESS EXCLUSIVE", 0, 0.5),) == seen.holds
    assert {"public.t": Relation("public.t", "table", True, 40, 10**6, None, (), 8192, 9000, 7)} == seen.relations
    assert (2, 250, "a reason", Path("/p")) == (seen.count, seen.temp_bytes, seen.unseen, seen.root)


def test_a_step_that_nobody_watched_has_its_statements() -> None:
    """A worker that saw nothing says nothing of locks."""
    bare = Outcome(1.0, (Statement("SELECT 1", 0.5),), None, frozenset(), frozenset(), 1)
    seen = TRIAL._evidence(sight(standing(T)), bare, [], 0)

    assert (["SELECT 1"], False, (), {}) == (
        [each.sql for each in seen.statements], seen.statements[0].looked, seen.holds, seen.relations,
    )  # fmt: skip


def test_what_another_session_saw_is_evidence_too() -> None:
    """Beside what is certain."""
    glimpse = Sighting(100.1, False, frozenset({(2, "SHARE")}))
    seen = TRIAL._evidence(sight(standing(T, U, P, I)), outcome(look((1, "AccessShareLock"))), [glimpse], 0)

    assert ("public.u SHARE",) == seen.statements[0].glimpsed


def test_relations_are_told_with_what_they_belong_to() -> None:
    """An index with its table, a partition with its parents; what the step made was not there before."""
    new = [9, "r", "public.new", 109, None]
    shown = [*([each.oid, each.kind, each.name, each.file, each.owner] for each in (T, U, P, I)), new]
    locks = [(each, "AccessExclusiveLock") for each in (3, 4, 9)]
    after = standing(T, U, P, I, Known(9, "r", "public.new", 109, size=5))
    seen = TRIAL._evidence(sight(standing(T, U, P, I), after), outcome(look(*locks, relations=shown)), [], 0)

    assert Relation("public.part", "partition", True, 5, None, None, ("public.t",)) == seen.relations["public.part"]
    assert Relation("public.t_key", "index", True, None, None, "public.t", (), 16, 16) == seen.relations["public.t_key"]
    assert Relation("public.new", "table", False, None, None, None, (), None, 5) == seen.relations["public.new"]
    assert "public.u" not in seen.relations


def test_a_table_made_again_under_its_name_is_the_one_that_was_there() -> None:
    """What others wait for is the old one."""
    again = [9, "r", "public.t", 109, None]
    shown = [[each.oid, each.kind, each.name, each.file, each.owner] for each in (U, P, I)] + [again]
    after = standing(Known(9, "r", "public.t", 109), U)
    ran = outcome(look((1, "AccessExclusiveLock"), (9, "AccessExclusiveLock"), relations=shown))
    seen = TRIAL._evidence(sight(standing(T, U, P, I), after), ran, [], 0)

    assert (True, 40) == (seen.relations["public.t"].existed, seen.relations["public.t"].rows)


@pytest.mark.parametrize(
    ("new", "before"),
    [
        (True, ()),
        (False, (KEY,)),
        (False, (Key("other_name", 1, 2, (2,), ("other_column",), True),)),
        (True, (Key("t_u", 1, 2, (3,), ("u_id",), False),)),
        (True, (Key("t_u", 2, 1, (2,), ("u_id",), False),)),
    ],
)
def test_foreign_keys_are_told_apart_by_numbers(new: bool, before: tuple[Key, ...]) -> None:
    """Tables, columns and the keys themselves may be renamed, which makes none of them new."""
    found = sight(
        standing(T, U, keys=before), standing(T, U, keys=(KEY, Key("lost", 1, 77, (2,), ("x",), True)))
    ).foreign_keys()

    assert (ForeignKey("public.t.t_u", "public.t", "public.u", ("u_id",), False, new),) == found


def test_what_needs_care_is_the_step_s_doing_where_it_is_new() -> None:
    """What was there before is told as such."""
    old, new = ("index", "public.old", "is invalid"), ("constraint", "public.t.c", "is not validated")

    assert ((*old, False), (*new, True)) == sight(standing(T, upkeep=(old,)), standing(T, upkeep=(old, new))).upkeep()


@pytest.mark.parametrize(
    ("expected", "message"), [("no such thing", "\n no such thing.\nDETAIL: x"), ("it failed", " \n "), ("x" * 200, "x" * 300)]
)
def test_the_first_line_of_a_message(expected: str, message: str) -> None:
    """For the middle of a sentence."""
    assert expected == _first_line(message)
