"""A project in a worker process: its chain, its ranges, and what is said when the process ends, hangs or has no database."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from migration_checks.environment import Environment, _outcome, _status
from migration_checks.errors import ConfigurationError, EnvironmentFailure, ProviderError, UnknownRevision
from migration_checks.transition import Failure, Statement
from migration_checks.worker.wire import Outcome
from tests.processes import eventually
from tests.projects import SYNC, Script, make_project

CHAIN = (Script("a1"), Script("b2", down="a1", labels=("left",)), Script("c3", down="a1"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with Environment(make_project(tmp_path_factory.mktemp("environment"), CHAIN).lineage()) as environment:
        yield environment


def test_the_chain_is_read_without_a_database(environment: Environment) -> None:
    """Revisions, parents and heads; nothing has been connected to."""
    graph = environment.graph()

    assert {each.id: each.down for each in graph.revisions} == {"a1": (), "b2": ("a1",), "c3": ("a1",)}
    assert {"b2", "c3"} == set(graph.heads)


@pytest.mark.parametrize(
    ("text", "start", "end"), [("", set(), {"b2", "c3"}), ("a1:left@head", {"a1"}, {"b2"}), ("base:a1", set(), {"a1"})]
)
def test_ranges_are_pairs_of_heads(environment: Environment, text: str, start: set[str], end: set[str]) -> None:
    """As a version table would hold them."""
    assert (start, end) == environment.resolve(text)


def test_a_range_that_names_nothing_is_refused_with_its_own_error(environment: Environment) -> None:
    """What the worker raises arrives as what it was."""
    with pytest.raises(UnknownRevision, match="zz9"):
        environment.resolve("zz9:heads")
    with pytest.raises(ConfigurationError, match="more than one colon"):
        environment.resolve("a:b:c")


def test_a_step_needs_a_revision_of_the_chain(environment: Environment) -> None:
    """Before anything is asked of the worker."""
    with pytest.raises(UnknownRevision, match="'zz9'"):
        environment.upgrade("zz9")


def test_a_step_needs_a_database(environment: Environment) -> None:
    """And says so."""
    with pytest.raises(EnvironmentFailure, match="No database is attached"):
        environment.upgrade("a1")
    with pytest.raises(EnvironmentFailure, match="No database is attached"):
        environment.heads()


def test_a_database_that_is_not_there(environment: Environment) -> None:
    """The provider's error, without the password; afterwards nothing is attached."""
    with pytest.raises(ProviderError, match="Connecting to the database to be migrated failed") as caught:
        environment.attach("postgresql://someone:s3cret@127.0.0.1:1/nowhere")

    assert "s3cret" not in str(caught.value)
    environment.detach()
    with pytest.raises(EnvironmentFailure, match="No database"):
        environment.heads()


@pytest.mark.parametrize(
    ("ending", "says"),
    [
        ("import os; print('so long', flush=True); os._exit(7)", "ended with status 7 while loading.*It last printed: so long"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended with signal SIGKILL"),
    ],
)
def test_a_script_that_ends_the_process(tmp_path: Path, ending: str, says: str) -> None:
    """The status and the last words are told."""
    project = make_project(tmp_path, [Script("a1", head=ending)])

    with Environment(project.lineage()) as environment, pytest.raises(EnvironmentFailure, match=says):
        environment.graph()


def test_a_script_that_never_ends(tmp_path: Path) -> None:
    """It is ended, with what it waits for still waiting, and the time limit is named."""
    project = make_project(tmp_path, [Script("a1", head="import time; time.sleep(600)")])

    with Environment(project.lineage(), timeout=1.5) as environment:
        with pytest.raises(EnvironmentFailure, match=r"took longer than 1\.5 s: loading the revision files"):
            environment.graph()
        assert environment._worker is None


def test_a_worker_that_died_is_started_again(tmp_path: Path) -> None:
    """What ended it once need not do so again."""
    flag = tmp_path / "was here"
    once = f"import os, pathlib\nflag = pathlib.Path({str(flag)!r})\nif not flag.exists():\n    flag.touch()\n    os._exit(3)"
    with Environment(make_project(tmp_path, [Script("a1", head=once)]).lineage()) as environment:
        with pytest.raises(EnvironmentFailure, match="status 3"):
            environment.graph()

        assert [each.id for each in environment.graph().revisions] == ["a1"]


def test_nothing_of_a_worker_is_left(tmp_path: Path) -> None:
    """Neither the process nor what it started."""
    project = make_project(tmp_path, [Script("a1", head="import subprocess; subprocess.Popen(['sleep', '600'])")])
    with Environment(project.lineage()) as environment:
        environment.graph()
        assert environment._worker is not None
        group = environment._worker.pid

    def is_gone() -> bool:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        return False

    assert eventually(is_gone)


def test_a_root_that_is_no_folder(tmp_path: Path) -> None:
    """A setting, not a traceback."""
    lineage = make_project(tmp_path / "there", CHAIN).lineage(root=tmp_path / "nowhere")

    with pytest.raises(ConfigurationError, match="nowhere is not a folder"), Environment(lineage):
        pass


def test_scripts_run_in_the_project_with_its_variables(tmp_path: Path) -> None:
    """The folder is the lineage's root, `env` is set, and libpq's variables lead nowhere."""
    check = (
        "import os\n"
        f"assert os.getcwd() == {str(tmp_path)!r}\n"
        "assert os.environ['APP_MODE'] == 'test'\n"
        "assert os.environ['PGHOST'].startswith('/nonexistent')"
    )
    project = make_project(tmp_path, [Script("a1", head=check)], env=SYNC)

    with Environment(project.lineage(env={"APP_MODE": "test"})) as environment:
        assert len(environment.graph().revisions) == 1


def test_a_connection_at_import_is_refused(tmp_path: Path) -> None:
    """Loading a chain reaches no server, whatever a script tries."""
    dial = "import psycopg; psycopg.connect('postgresql://u@db.example.com/app')"
    project = make_project(tmp_path, [Script("a1", head=dial)])

    with Environment(project.lineage()) as environment, pytest.raises(EnvironmentFailure, match="Refused a connection"):
        environment.graph()


DIAMOND = (
    Script("a1"),
    Script("b1", down="a1", labels=("left",)),
    Script("b2", down="a1", labels=("right",)),
    Script("b3", down="b2"),
    Script("m1", down=("b1", "b3")),
    Script("x1", depends_on="b1", labels=("side",)),
    Script("deadbeef", down="x1", depends_on="m1"),
)


def test_graph_and_ranges(tmp_path: Path) -> None:
    """The chain is read as Alembic reads it, and START:END means what it means to Alembic."""
    with Environment(make_project(tmp_path, DIAMOND).lineage()) as environment:
        graph = environment.graph()

        assert {each.id for each in graph.revisions} == {each.id for each in DIAMOND}
        assert graph.by_id["m1"].down == ("b1", "b3")
        assert graph.by_id["deadbeef"].depends_on == ("m1",)
        assert graph.by_id["b1"].labels == ("left",)
        for revision in graph.revisions:
            assert all(graph.revisions.index(graph.by_id[each]) < graph.revisions.index(revision) for each in revision.parents)
        assert environment.resolve("") == (frozenset(), {"deadbeef"})
        assert environment.resolve("base:heads") == (frozenset(), {"deadbeef"})
        assert environment.resolve("a1:m1") == ({"a1"}, {"m1"})
        assert environment.resolve("a1:left@head") == ({"a1"}, {"m1"})
        assert environment.resolve(":b3") == (frozenset(), {"b3"})
        assert environment.resolve("b3-1:m1") == ({"b2"}, {"m1"})
        assert environment.resolve("b1:dead") == ({"b1"}, {"deadbeef"})
        with pytest.raises(UnknownRevision, match="nonesuch"):
            environment.resolve("nonesuch:heads")
        with pytest.raises(ConfigurationError):
            environment.resolve("m1:a1")
        with pytest.raises(ConfigurationError):
            environment.resolve("current:head")


def test_an_empty_downgrade_is_known_without_running_it(tmp_path: Path) -> None:
    """pass, a docstring, ... and a bare return do nothing; anything else does something; lines are those of the functions."""
    bodies = {"pass": True, '"""Nothing to do."""': True, "...": True, "return": True, "return None": True, "'x'\npass": True,
              "op.execute('SELECT 1')": False, "raise NotImplementedError": False, "print()": False}  # fmt: skip
    scripts = [Script(f"r{n}", down=f"r{n - 1}" if n else None, downgrade=text) for n, text in enumerate(bodies)]
    project = make_project(tmp_path, scripts)
    with Environment(project.lineage()) as environment:
        revisions = environment.graph().by_id

        assert {text: revisions[f"r{n}"].downgrade_empty for n, text in enumerate(bodies)} == bodies
        lines = project.files["r0"].read_text().splitlines()
        assert lines[revisions["r0"].upgrade_line - 1] == "def upgrade():"
        assert lines[revisions["r0"].downgrade_line - 1] == "def downgrade():"


UNLOADABLE: dict[str, tuple[str, str, str, dict[str, Path]]] = {
    "syntax error": (r"SyntaxError.*a1_script\.py, line 8", "syntax", "x =", {}),
    "op used at import": (r"line 8\)", "boot", "op.get_bind()", {}),
    "a connection at import": (
        "before a database was attached", "", "sa.create_engine('postgresql+psycopg://h/d').connect()", {}
    ),
    "no configuration": (r"nonesuch.ini does not exist", "alembic.ini", "", {"config": Path("nonesuch.ini")}),
    "no such root": ("is not a folder", "root", "", {"root": Path("/nonexistent")}),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLOADABLE)
def test_unloadable(name: str, tmp_path: Path) -> None:
    """What is wrong with a project is said before any database is needed."""
    says, remedy, head, settings = UNLOADABLE[name]
    project = make_project(tmp_path, [Script("a1", head=head)])
    expected = pytest.raises((EnvironmentFailure, ConfigurationError), match=says)
    with expected as caught, Environment(project.lineage(**settings), timeout=60) as environment:
        environment.graph()

    assert remedy in caught.value.remedy
    assert "report this" not in caught.value.remedy
    assert "\n" not in str(caught.value)


def told(**more: Any) -> Outcome:
    """What an answer of the worker says of a step, in the form in which it comes over the wire."""
    usual = {"seconds": 0.5, "statements": [], "failure": None, "expected": ["a1"], "count": 0, "refused": []}
    return _outcome(json.loads(json.dumps(usual | more)))


def test_a_step_as_its_worker_tells_it() -> None:
    """Where the version table stands is not its word to say."""
    statement = Statement("SELECT 1", 0.1, 3)
    found = told(statements=[asdict(statement)], count=7, watched=[1, 2])

    assert Outcome(0.5, (statement,), None, frozenset(), frozenset({"a1"}), 7, (), [1, 2]) == found


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("SELECT dblink('host=x password=s3cret')", "SELECT dblink('host=x password=***"),
        ("SELECT dblink('postgresql://a:s3cret@h/d')", "SELECT dblink('postgresql://a:***@h/d')"),
        ("UPDATE t SET passWord = 's3cret'", "UPDATE t SET passWord = ***"),
        ("UPDATE t SET PASSWORD = 's3cret'", "UPDATE t SET PASSWORD = ***"),
        ("SELECT 'a:b@c'", "SELECT 'a:b@c'"),
    ],
)
def test_no_password_of_a_step_is_told(text: str, harmless: str) -> None:
    """In its statements, in what was refused, and in what failed."""
    failure = asdict(Failure(kind="Boom", message=text, statement=text))
    found = told(statements=[asdict(Statement(text))], failure=failure, refused=[text])

    assert found.failure is not None
    assert {harmless} == {found.statements[0].sql, found.refused[0], found.failure.message, found.failure.statement}


@pytest.mark.parametrize(("status", "words"), [(3, "status 3"), (-9, "signal SIGKILL"), (-63, "signal 63")])
def test_how_a_process_ended(status: int, words: str) -> None:
    """By its status, or by a signal, which may have no name."""
    assert words == _status(status)
