"""Who reads what while a step runs, and whom its locks concern."""

from __future__ import annotations

import pytest

from migration_checks.trials.queue import MOST_READERS, _failed, _groups
from migration_checks.trials.queue_line import MOST_OTHERS, _Blocked, _concerns, _lock, _Queue
from migration_checks.trials.stalls import BLOCKING, READER, WRITER, Line, Other, Relation
from tests.unit.trials.support import bed

T, U = Relation(1, "public.t", True), Relation(2, 'public."U"', True)
VIEW, PART = Relation(3, "public.v", False), Relation(4, "public.t_2024", True, partition=True)
AE, SHARE, AS, RX = "AccessExclusiveLock", "ShareLock", "AccessShareLock", "RowExclusiveLock"


def test_what_the_step_names_has_a_reader_of_its_own() -> None:
    """One more reads all the rest; a partition is read through its root."""
    found = _groups(bed("ALTER TABLE T ADD x int", 'DROP VIEW "V"'), (T, U, VIEW, PART))

    assert ((T,), (VIEW,), (U,)) == found
    assert ((T,), (U,)) == _groups(bed("ALTER TABLE t", "ALTER TABLE u"), (T, U))
    assert ((T, U),) == _groups(bed("SELECT 1"), (T, U))
    assert () == _groups(bed("SELECT 1"), ())


def test_sessions_are_not_opened_without_end() -> None:
    """A step that names many tables has as many readers as that, and one for all others."""
    many = tuple(Relation(number, f"public.t{number}", True) for number in range(30))
    groups = _groups(bed(" ".join(each.name for each in many)), many)

    assert MOST_READERS + 1 == len(groups)
    assert 30 - MOST_READERS == len(groups[-1])


@pytest.mark.parametrize(
    ("words", "line"), [("with SQLSTATE 40P01,", Line((), (), True, "40P01")), ("fails, which", Line((), (), True))]
)
def test_a_step_that_fails_behind_a_reader_only(words: str, line: Line) -> None:
    """That is no stall, and it is said."""
    assert words in _failed(line)


def test_locks_are_read_as_rows() -> None:
    """As the server writes them."""
    assert [(16390, AS), (0, SHARE)] == [_lock(f"(16390,{AS})"), _lock(f"(,{SHARE})")]


@pytest.mark.parametrize(
    ("readers", "writers", "mode"),
    [(True, True, AE), (False, True, "ExclusiveLock"), (False, True, SHARE), (False, False, RX), (False, False, AS)],
)
def test_whom_a_lock_concerns(readers: bool, writers: bool, mode: str) -> None:
    """SELECT waits for one mode only; nobody writes to a view."""
    assert (readers, writers) == (_concerns(READER, mode, T), _concerns(WRITER, mode, T))
    assert (readers, False) == (_concerns(READER, mode, VIEW), _concerns(WRITER, mode, VIEW))
    assert readers is (mode in BLOCKING[READER])


def queue(*relations: Relation) -> _Queue:
    return _Queue("postgresql:///u", None, {each.oid: each for each in relations}, None, 1.0, False)  # type: ignore[arg-type]


def blocked(relation: int | None, *locks: tuple[int, str]) -> _Blocked:
    return _Blocked(77, frozenset({5}), "ALTER TABLE t", relation, AE, frozenset(locks))


def test_those_concerned_come_after_the_step() -> None:
    """Of the relation that it waits for first, then of what it holds; each once, and nobody for weak locks."""
    found = queue(T, U, VIEW)._concerned(blocked(2, (1, SHARE), (1, AE), (2, AE), (3, AE), (9, AE), (1, RX)))

    assert [
        Other(READER, 'public."U"'), Other(WRITER, 'public."U"'),
        Other(READER, "public.t"), Other(WRITER, "public.t"), Other(READER, "public.v"),
    ] == found  # fmt: skip


def test_no_more_come_after_the_step_than_a_server_bears() -> None:
    """Those of the awaited relation are among them."""
    many = [Relation(number, f"public.t{number:02}", True) for number in range(20)]
    found = queue(*many)._concerned(blocked(19, *((number, AE) for number in range(20))))

    assert MOST_OTHERS == len(found)
    assert [Other(READER, "public.t19"), Other(WRITER, "public.t19")] == found[:2]


def test_where_nobody_came_nobody_waits() -> None:
    """Nothing is asked of the server then; what is not known has no name."""
    assert [] == queue(T)._behind([], 77)
    assert ["public.t", "", ""] == [queue(T)._name(oid) for oid in (1, 9, None)]
    assert () == queue(T).waits()
