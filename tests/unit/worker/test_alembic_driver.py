"""Alembic driven step by step, on a database file of SQLite: which steps run, what is told of them, what the heads should be.

What the probe finds out about an env.py is given here, since it asks PostgreSQL; everything else is Alembic's own.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from migration_checks.errors import EnvironmentFailure
from migration_checks.worker import alembic_driver, statements
from migration_checks.worker.alembic_driver import Driver
from migration_checks.worker.guard import Guard
from migration_checks.worker.manner import Manner
from migration_checks.worker.variables import DATABASE_VARIABLE
from migration_checks.worker.wire import Message, lineage_message
from tests.projects import SYNC, Script, make_project, sql

COUNTED = SYNC + "\n    open(__file__ + '.runs', 'a').write('.')\n"
CHAIN = (
    Script("a1", upgrade=sql("CREATE TABLE first (id int)"), downgrade=sql("DROP TABLE first")),
    Script("b2", down="a1", upgrade=sql("CREATE TABLE second (id int)"), downgrade=sql("DROP TABLE second")),
)


class Talk:
    """The other end of the pipes: orders that are waiting, answers that came, and the worker's loop over them."""

    def __init__(self, folder: Path, driver: Callable[[Talk], Driver]) -> None:
        self.folder = folder
        self.orders: deque[Message] = deque()
        self.answers: list[Message] = []
        self.driver = driver(self)

    def take(self) -> Message:
        return self.orders.popleft() if self.orders else {"do": "quit"}

    def run(self, *orders: Message) -> list[Message]:
        """Carry out orders as the worker does, and return what was answered."""
        self.orders.extend(orders)
        self.answers.clear()
        while (order := self.take())["do"] != "quit":
            self.driver.run(order)
        return list(self.answers)

    def ask(self, query: str) -> list[Any]:
        with sqlite3.connect(self.folder / "app.db") as connection:
            return connection.execute(query).fetchall()

    @property
    def tables(self) -> set[str]:
        return {name for (name,) in self.ask("SELECT name FROM sqlite_master WHERE type = 'table'")}

    @property
    def runs(self) -> int:
        """How often env.py ran."""
        return len((self.folder / "migrations" / "env.py.runs").read_text())


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    made: list[Talk] = []

    def start(*scripts: Script, parked: bool = True, several: bool = False, env: str = COUNTED) -> Talk:
        project = make_project(tmp_path, scripts, env=env, url=f"sqlite:///{tmp_path}/app.db")
        talk = Talk(tmp_path, lambda talk: Driver(Guard(), talk.take, talk.orders.appendleft, lambda m: talk.answers.append(m)))
        made.append(talk)
        talk.driver.load(lineage_message(project.lineage()))
        talk.driver._manner = Manner(parked, several, None, (("main", "alembic_version"),))
        return talk

    yield start
    for each in made:
        event.remove(sa.Engine, "before_cursor_execute", each.driver.recorder._before)
        event.remove(sa.Engine, "after_cursor_execute", each.driver.recorder._after)


def up(revision: str, *known: str) -> Message:
    return {"do": "upgrade", "revision": revision, "known": list(known)}


def down(revision: str, *known: str) -> Message:
    return {"do": "downgrade", "revision": revision, "known": list(known)}


@pytest.mark.parametrize("parked", [True, False])
def test_one_order_is_one_step(talk: Callable[..., Talk], parked: bool) -> None:
    """Only the revision that was named runs, and the version table says so afterwards."""
    made = talk(*CHAIN, parked=parked)
    began, ended = made.run(up("a1"))

    assert ["a1"] == began["began"] == ended["expected"]
    assert ended["failure"] is None
    assert {"first", "alembic_version"} == made.tables
    assert made.ask("SELECT version_num FROM alembic_version") == [("a1",)]


def test_what_a_step_sent_is_told_with_its_line(talk: Callable[..., Talk]) -> None:
    """The script's statements and no others: not those that keep the version table."""
    made = talk(*CHAIN)
    _, ended = made.run(up("a1"))
    (statement,) = ended["statements"]

    assert statement["sql"] == "CREATE TABLE first (id int)"
    assert statement["path"].endswith("a1_script.py")
    assert "CREATE TABLE first" in Path(statement["path"]).read_text().splitlines()[statement["line"] - 1]
    assert ended["count"] == 1


def test_a_parked_run_of_env_py_serves_many_steps(talk: Callable[..., Talk]) -> None:
    """Up, down and up again in one run; each is answered before the next one begins."""
    made = talk(*CHAIN)
    answers = made.run(up("a1"), up("b2", "a1"), down("b2", "b2"), up("b2", "a1"))

    assert made.runs == 1
    assert [each["expected"] for each in answers if "expected" in each] == [["a1"], ["b2"], ["a1"], ["b2"]]
    assert {"first", "second", "alembic_version"} == made.tables


def test_a_run_that_cannot_be_parked_serves_one_step(talk: Callable[..., Talk]) -> None:
    """env.py runs anew for each."""
    made = talk(*CHAIN, parked=False)
    made.run(up("a1"), up("b2", "a1"))

    assert made.runs == 2
    assert {"first", "second", "alembic_version"} == made.tables


def test_heads_that_were_moved_meanwhile_end_a_parked_run(talk: Callable[..., Talk]) -> None:
    """Its own idea of the heads would be wrong: env.py runs again, and reads them."""
    made = talk(*CHAIN)
    made.run(up("a1"), {"do": "stamp", "heads": []}, up("a1"))
    answers = made.run(down("a1", "other"))

    assert answers[-1]["expected"] == []
    assert made.runs >= 2


def test_a_step_that_raises_is_told_with_its_place(talk: Callable[..., Talk]) -> None:
    """The exception, the script and the line; the version table has not moved."""
    made = talk(Script("a1", upgrade=sql("CREATE TABLE t (id int)", "SELECT nonsense")))
    _, ended = made.run(up("a1"))

    assert "nonsense" in ended["failure"]["message"]
    assert ended["failure"]["path"].endswith("a1_script.py")
    assert made.ask("SELECT version_num FROM alembic_version") == []


@pytest.mark.parametrize("ending", ["raise SystemExit(3)", "raise KeyboardInterrupt", "raise NotImplementedError('merged')"])
def test_a_script_may_raise_anything(talk: Callable[..., Talk], ending: str) -> None:
    """It is a failure of the step, and the worker goes on."""
    made = talk(Script("a1", upgrade=ending), *CHAIN[1:])
    answers = made.run(up("a1"), {"do": "stamp", "heads": ["a1"]}, up("b2", "a1"))

    assert [each["failure"] is not None for each in answers if "failure" in each] == [True, False, False]


def test_a_refusal_is_told_from_a_failure(talk: Callable[..., Talk]) -> None:
    """A downgrade that says that there is none."""
    made = talk(Script("a1", downgrade="raise NotImplementedError('rows were merged')"))
    made.run(up("a1"))

    assert True is made.run(down("a1", "a1"))[-1]["failure"]["refused"]


def test_a_leap_is_one_run_over_all(talk: Callable[..., Talk]) -> None:
    """It begins once, expects the end's heads, and has every statement."""
    made = talk(*CHAIN)
    began, ended = made.run({"do": "leap", "end": ["b2"]})

    assert began["began"] == ["b2"]
    assert [each["sql"] for each in ended["statements"]] == ["CREATE TABLE first (id int)", "CREATE TABLE second (id int)"]


def test_a_leap_may_end_at_one_of_several_heads(talk: Callable[..., Talk]) -> None:
    """The other branch is left alone."""
    made = talk(*CHAIN, Script("c3", down="a1", upgrade=sql("CREATE TABLE third (id int)")))
    made.run({"do": "leap", "end": ["c3"]})

    assert {"first", "third", "alembic_version"} == made.tables


def test_expected_heads_follow_branches_and_merges(talk: Callable[..., Talk]) -> None:
    """Two branches are two heads, their merge is one, taken back it is two again."""
    merge = Script("d4", down=("b2", "c3"))
    made = talk(*CHAIN, Script("c3", down="a1"), merge)
    answers = made.run(up("a1"), up("b2", "a1"), up("c3", "b2"), up("d4", "b2", "c3"), down("d4", "d4"))

    assert [each["expected"] for each in answers if "expected" in each] == [["a1"], ["b2"], ["b2", "c3"], ["d4"], ["b2", "c3"]]


def test_a_stamp_moves_the_version_table_only(talk: Callable[..., Talk]) -> None:
    """No script runs."""
    made = talk(*CHAIN)
    answers = made.run({"do": "stamp", "heads": ["b2"]})

    assert answers[-1]["failure"] is None
    assert made.ask("SELECT version_num FROM alembic_version") == [("b2",)]
    assert {"alembic_version"} == made.tables


def test_a_tenant_that_has_a_revision_is_passed_over(talk: Callable[..., Talk]) -> None:
    """One run serves several databases, and not all need stand at the same place."""
    made = talk(*CHAIN, parked=False, several=True)
    made.run({"do": "stamp", "heads": ["a1"]})
    answers = made.run(up("a1"))

    nothing = {"seconds": 0.0, "statements": [], "count": 0, "failure": None, "expected": [], "refused": [], "session": None}
    assert [nothing] == answers


def test_nothing_runs_before_a_database_is_attached(talk: Callable[..., Talk]) -> None:
    """It is said in a sentence."""
    made = talk(*CHAIN)
    made.driver._manner = None

    with pytest.raises(EnvironmentFailure, match="No database is attached"):
        made.run(up("a1"))


WITH_MODELS = COUNTED.replace(
    "target_metadata = None",
    "import sqlalchemy as sa; target_metadata = sa.MetaData(); "
    "sa.Table('first', target_metadata, sa.Column('id', sa.Integer), sa.Column('name', sa.Text)); "
    "sa.Table('absent', target_metadata, sa.Column('id', sa.Integer))",
)


def test_what_the_models_would_change(talk: Callable[..., Talk]) -> None:
    """In sentences that say on which side something is missing."""
    made = talk(*CHAIN, env=WITH_MODELS)
    made.run(up("a1"), up("b2", "a1"))

    assert made.driver.drift()["drift"] == [
        "column first.name is in the models, not in the database",
        "table absent is in the models, not in the database",
        "table second is in the database, not in the models",
    ]


def test_without_models_there_is_nothing_to_compare(talk: Callable[..., Talk]) -> None:
    """None is not the same as no difference."""
    made = talk(*CHAIN)

    assert None is made.driver.drift()["drift"]


def test_models_that_cannot_be_compared(talk: Callable[..., Talk]) -> None:
    """What env.py raises meanwhile is the reason."""
    made = talk(*CHAIN, env="raise ValueError('no models today')")

    with pytest.raises(EnvironmentFailure, match=r"models cannot be compared.*no models today"):
        made.driver.drift()


def test_a_range_is_read_as_alembic_reads_it(talk: Callable[..., Talk]) -> None:
    """Start and end as revision ids."""
    assert talk(*CHAIN).driver.resolve("a1:head") == {"start": ["a1"], "end": ["b2"]}


def test_the_graph_is_told_on_loading(tmp_path: Path) -> None:
    """Parents first, with the files."""
    project = make_project(tmp_path, CHAIN)
    driver = Driver(Guard(), dict, lambda order: None, lambda answer: None)
    try:
        graph = driver.load(lineage_message(project.lineage()))["graph"]
    finally:
        event.remove(sa.Engine, "before_cursor_execute", driver.recorder._before)
        event.remove(sa.Engine, "after_cursor_execute", driver.recorder._after)

    assert [each["id"] for each in graph] == ["a1", "b2"]
    assert alembic_driver.__file__ not in str(graph)


def test_a_step_stops_where_it_is_told_to(talk: Callable[..., Talk]) -> None:
    """Before its statements of these numbers, and when its script is over; it goes on when it is told to."""
    made = talk(Script("a1", upgrade=sql("CREATE TABLE one (id int)", "CREATE TABLE two (id int)")))
    seen: list[set[str]] = []
    original = made.take

    def take() -> Message:
        if made.answers and "stopped" in made.answers[-1]:
            seen.append(made.tables - {"alembic_version"})
        return original()

    made.driver.halt._take = take
    answers = made.run({**up("a1"), "stop": [2, 3]}, {"do": "go"}, {"do": "go"})

    assert [each["stopped"] for each in answers if "stopped" in each] == [2, 3]
    assert len(seen) == 2
    assert {"one", "two", "alembic_version"} == made.tables


def test_a_step_that_is_observed_tells_when_transactions_ended(talk: Callable[..., Talk]) -> None:
    """And why a statement could not be looked at: SQLite has no such sessions. The next step is not observed."""
    made = talk(Script("a1", upgrade=sql("CREATE TABLE one (id int)", "SELECT 1")), *CHAIN[1:])
    observed, after = (each for each in made.run({**up("a1"), "observe": True}, up("b2", "a1")) if "expected" in each)
    watched = observed["watched"]

    assert [number for number, *_ in watched["seen"]] == [0, 1]
    assert [look for *_, look in watched["seen"]] == [None, None]
    assert "sessions of the driver pysqlite cannot be looked at" == watched["why"]
    assert len(watched["ends"]) >= 1
    assert 0 <= watched["seen"][0][1] <= watched["seen"][1][1] <= watched["ends"][-1]
    assert "watched" not in after


def test_a_project_is_led_to_the_database_that_it_is_attached_to(
    talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its configuration, its process's variables, and those of programs that it starts."""
    monkeypatch.setattr(os, "environ", dict(os.environ, PYTHONPATH="/app", PGHOST="production"))
    made = talk(*CHAIN)
    told = made.driver.attach("postgresql://owner@127.0.0.1:5433/walk")
    probed = told.pop("probed")

    assert (told, probed) == (made.driver._manner.message(), False)  # type: ignore[union-attr]
    assert ("127.0.0.1", "5433", "walk") == tuple(os.environ[name] for name in ("PGHOST", "PGPORT", "PGDATABASE"))
    assert os.environ["PYTHONPATH"].endswith(f"children{os.pathsep}/app")
    assert "postgresql://owner@127.0.0.1:5433/walk" == os.environ[DATABASE_VARIABLE]


def test_of_a_very_long_step_the_first_statements_are_kept(talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch) -> None:
    """All are counted."""
    monkeypatch.setattr(statements, "MOST_STATEMENTS", 3)
    made = talk(Script("a1", upgrade=sql(*(f"SELECT {k}" for k in range(7)))))
    _, ended = made.run(up("a1"))

    assert (7, ["SELECT 0", "SELECT 1", "SELECT 2"]) == (ended["count"], [each["sql"] for each in ended["statements"]])


HELPER = "exec(compile('def create(op): op.execute(1 * \\'SELECT 1\\')', 'helper.py', 'exec'))"


def test_a_statement_of_a_helper_is_placed_in_the_script_that_called_it(talk: Callable[..., Talk]) -> None:
    """The innermost line of a revision, wherever the helper lies."""
    made = talk(Script("a1", upgrade="create(op)", head=HELPER))
    _, ended = made.run(up("a1"))
    (statement,) = ended["statements"]

    assert statement["path"].endswith("a1_script.py")
    assert "create(op)" == Path(statement["path"]).read_text().splitlines()[statement["line"] - 1].strip()
