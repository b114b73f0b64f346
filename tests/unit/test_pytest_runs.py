"""The pytest plugin in pytest runs of their own, in this process: what is collected, and what a walk means for each test.

No test here walks. Workers of a run share their walks as files, so a worker that finds an answer has none to make: the reports
are literal, laid where another worker would have left them. Chains are read as ever, by a process of their own.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from migration_checks.errors import ConfigurationError
from migration_checks.in_pytest.errand import chains
from migration_checks.in_pytest.errands import Chain, ErrandFailed, Errands, Revision, _wait
from migration_checks.in_pytest.stage import Stage, for_any_driver, lent
from migration_checks.interchange import to_json
from migration_checks.report import Note, Report, Step
from migration_checks.transition import Leg
from tests.projects import Script, make_project
from tests.reports import LOST, SAMPLE
from tests.repositories import repository

NOBODY = "postgresql://nobody@127.0.0.1:1/postgres"
"""A server that is not there: whoever needs one fails."""
CHAIN = (Script("a1"), Script("b2", "a1"))
LEGS = (Leg.ASCEND, Leg.UNDO, Leg.REDO, Leg.DESCEND)
WALKED = replace(
    SAMPLE,
    findings=(
        replace(LOST, revision="b2", leg=Leg.UNDO, also_at=("descend b2",)),
        replace(LOST, revision="b2", leg=Leg.REDO, also_at=(), waiver="agreed on Friday"),
    ),
    steps=(
        *(Step(revision, leg, 2, 10, 100) for revision in ("a1", "b2") for leg in LEGS),
        Step("b2", Leg.LEAP, 4, 0, 0),
    ),
    not_checked=(Note("public.logs", "no row could be made.", "b2"),),
    notes=(),
)  # fmt: skip
CLEAN = replace(WALKED, findings=(), verdict="passed", not_checked=())


@pytest.fixture(autouse=True)
def a_door_that_was_never_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs inside load no plugin that they do not name, and ours as a new process would."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in [
        name for name in sys.modules if name.startswith(("migration_checks.in_pytest", "migration_checks.pytest_plugin"))
    ]:
        monkeypatch.delitem(sys.modules, name)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A pytest run of its own, in this process."""
    return pytester.runpytest_inprocess("-p", "migration_checks.pytest_plugin", "-p", "no:cacheprovider", *arguments)


def answered(pytester: pytest.Pytester, report: Report, *arguments: str) -> None:
    """Let another worker have walked the chain of `arguments` already, with this report."""
    name = hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:16]
    (pytester.path / "walked.json").write_text(to_json(report))
    pytester.makeconftest(
        f"""
        import pathlib, shutil

        def pytest_collection_finish(session):
            ours = session.config.pluginmanager.get_plugin("migration_checks_collecting")
            shutil.copy(pathlib.Path({str(pytester.path)!r}) / "walked.json", ours.folder / "walk-{name}.answer")
        """
    )


def ends(result: pytest.RunResult) -> dict[str, str]:
    """Each test of ours with its outcome, as a verbose run lists them."""
    found = (line.split() for line in result.outlines if line.startswith("migration-checks::") and line.endswith("]"))
    return {name.removeprefix("migration-checks::alembic.ini::"): how for name, how, *_ in found}


def test_every_leg_is_a_test(pytester: pytest.Pytester) -> None:
    """Failed where findings count and where they were seen again, expected to fail where they are waived, skipped where nothing
    was walked; what fails nothing stands in the summary.
    """
    make_project(pytester.path, CHAIN)
    answered(pytester, WALKED)
    result = run(pytester, "--migration-checks", "-v")
    text = result.stdout.str()

    assert {
        **{f"a1-{leg}": "PASSED" for leg in LEGS},
        **{f"{revision}-{leg}": "SKIPPED" for revision in ("a1", "b2") for leg in ("order", "writes")},
        "b2-ascend": "PASSED",
        "b2-undo": "FAILED",
        "b2-redo": "XFAIL",
        "b2-descend": "FAILED",
        "b2-leap": "PASSED",
        "verdict": "FAILED",
    } == ends(result)
    for words in (
        "✗ error MC304 rollback-loses-values  b2 undo  public.items.note",
        "Seen again here, see b2-undo: MC304",
        "waived (agreed on Friday): MC304",
        "not checked: public.logs at b2: no row could be made.",
    ):
        assert words in text
    assert "Traceback" not in text
    assert "def runtest" not in text
    assert 1 == result.ret


def test_a_healthy_chain_passes(pytester: pytest.Pytester) -> None:
    """Beside the tests of the project, whose own keep their place."""
    make_project(pytester.path, CHAIN)
    answered(pytester, CLEAN, "--rows", "7")
    pytester.makepyfile("def test_of_the_project(): pass")
    result = run(pytester, "--migration-checks", "--migration-checks-args=--rows 7", "-rs")

    result.assert_outcomes(passed=11, skipped=4)
    assert "PASSED" in result.stdout.str()
    assert "Nothing to try: it is worth it where the upgrade writes rows" in result.stdout.str()


def test_tests_are_selected_as_any_other(pytester: pytest.Pytester) -> None:
    """By name and by marker, those of trials among them; listing them walks nothing."""
    make_project(pytester.path, CHAIN)
    pytester.makepyfile("def test_of_b2(): pass")
    pytester.makeini("[pytest]\nmigration_checks_args = --trial locks")
    arguments = ("--migration-checks", f"--migration-checks-args=--trial crash --provider {NOBODY}", "--strict-markers")
    listed = run(pytester, *arguments, "--collect-only", "-q", "-k", "b2 and not redo or leap", "-m", "migration_checks")

    legs = (
        "b2-ascend",
        "b2-undo",
        "b2-order",
        "b2-writes",
        "b2-descend",
        "b2-observe",
        "b2-observe-down",
        "b2-crash",
        "b2-leap",
    )
    assert [f"migration-checks::alembic.ini::{each}" for each in legs] == listed.outlines[:9]
    assert "test_of_b2" not in listed.stdout.str()


def test_a_walk_that_cannot_be_made_is_one_sentence_for_all(pytester: pytest.Pytester) -> None:
    """It is tried once; the folder that workers share is gone afterwards."""
    make_project(pytester.path, CHAIN[:1])
    pytester.makeconftest(
        """
        def pytest_sessionfinish(session):
            folder = session.config.pluginmanager.get_plugin("migration_checks_collecting").folder
            print("TRIED", *(path.name for path in folder.glob("walk-*.log")), "IN", folder)
        """
    )
    result = run(pytester, "--migration-checks", f"--migration-checks-args=--provider {NOBODY}", "-k", "undo or verdict", "-s")
    text = result.stdout.str()

    result.assert_outcomes(failed=2, deselected=6)
    assert 4 == text.count("Connecting to 127.0.0.1:1 fai")
    assert "Traceback" not in text
    assert "errands.py" not in text
    tried = re.search(r"TRIED walk-\w+\.log IN (.*)", text)
    assert tried is not None
    assert not Path(tried[1]).exists()


@pytest.mark.parametrize(
    ("words", "arguments", "script"),
    [
        ("nrecognized arguments: --rang", "--rang a1:", Script("a1")),
        ("SyntaxError", "", Script("a1", head="x =")),
    ],
)
def test_a_chain_that_cannot_be_read_is_one_sentence(
    pytester: pytest.Pytester, words: str, arguments: str, script: Script
) -> None:
    """While collecting; no test is made of it."""
    make_project(pytester.path, [script])
    result = run(pytester, "--migration-checks", f"--migration-checks-args={arguments}")

    result.assert_outcomes(errors=1)
    assert words in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_several_chains_are_all_collected(pytester: pytest.Pytester) -> None:
    """All that the project names, with no default among them."""
    make_project(pytester.path / "one", CHAIN)
    make_project(pytester.path / "two", CHAIN[:1])
    (pytester.path / "pyproject.toml").write_text(
        '[tool.migration_checks.lineages]\nfirst = {config = "one/alembic.ini"}\nsecond = {config = "two/alembic.ini"}\n'
    )
    result = run(pytester, "--migration-checks", "--collect-only", "-q", "-k", "undo or verdict")

    named = ("first::a1-undo", "first::b2-undo", "first::verdict", "second::a1-undo", "second::verdict")
    assert [f"migration-checks::{each}" for each in named] == result.outlines[:5]


def test_a_server_that_a_conftest_offers_is_asked_for_by_who_walks(pytester: pytest.Pytester) -> None:
    """Also where it lies below the root; it may have to be started, so whoever finds a walk made does not ask."""
    make_project(pytester.path, CHAIN[:1])
    pytester.mkdir("tests").joinpath("conftest.py").write_text(
        "import pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def migration_server_url():\n"
        "    print('AS' + 'KED')\n"
        f"    return {NOBODY.replace(':1/', ':2/')!r}\n"
    )
    (pytester.path / "tests" / "test_own.py").write_text("def test_own(): pass")
    arguments = ("--migration-checks", f"--migration-checks-args=--provider {NOBODY}", "-k", "undo or redo", "-s")
    asked = run(pytester, *arguments)
    assert 1 == asked.stdout.str().count("ASKED")
    assert "127.0.0.1:2" in asked.stdout.str()
    answered(pytester, CLEAN, "--provider", NOBODY)

    assert "ASKED" not in run(pytester, *arguments).stdout.str()


def test_fixtures_without_a_server_fail_in_a_sentence(pytester: pytest.Pytester) -> None:
    """As do options that nobody knows; no traceback through the toolkit."""
    make_project(pytester.path, CHAIN[:1])
    pytester.makepyfile(
        """
        def test_database(migration_database): pass
        def test_walk(migration_walk): pass
        """
    )
    unreachable = run(pytester, f"--migration-checks-args=--provider {NOBODY}")
    mistaken = run(pytester, "--migration-checks-args=--provider nonsense")

    for result, words in ((unreachable, "127.0.0.1:1"), (mistaken, "nonsense")):
        result.assert_outcomes(errors=2)
        assert words in result.stdout.str()
        assert "migration_checks/" not in result.stdout.str().partition("short test summary")[0]


def test_without_being_asked_it_does_nothing(pytester: pytest.Pytester) -> None:
    """No test is added, nothing of the toolkit is loaded but the door itself."""
    make_project(pytester.path, CHAIN)
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            loaded = {name for name in sys.modules if name.startswith("migration_checks")}
            assert loaded == {"migration_checks", "migration_checks.pytest_plugin"}
            assert not {"sqlalchemy", "alembic", "rich"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess("-p", "migration_checks.pytest_plugin", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=1)


# -- errands -----------------------------------------------------------------------------------------------------------


def errands(folder: Path, root: Path, *arguments: str) -> Errands:
    return Errands(folder / "shared", root, arguments, os.environ)


def test_a_chain_is_read_once_for_all_workers(tmp_path: Path) -> None:
    """Who comes later reads the same answer, though the scripts have changed since."""
    project = make_project(tmp_path, CHAIN)
    first = errands(tmp_path, tmp_path).chains()
    project.files["b2"].write_text("broken (")
    second = errands(tmp_path, tmp_path).chains()

    assert first == second
    assert ["a1", "b2"] == [each.id for each in first[0].revisions]
    assert str(project.files["a1"]) == first[0].revisions[0].path
    assert (Leg.ASCEND, Leg.UNDO, Leg.REDO, Leg.ORDER, Leg.WRITES, Leg.DESCEND) == first[0].legs


def test_trouble_is_shared_as_well(tmp_path: Path) -> None:
    """In the words of the process that tried, which is not tried again."""
    project = make_project(tmp_path, [Script("a1", head="x =")])
    with pytest.raises(ErrandFailed, match=r"SyntaxError.*a1_script\.py"):
        errands(tmp_path, tmp_path).chains()
    project.files["a1"].write_text(CHAIN[0].text)

    with pytest.raises(ErrandFailed, match="SyntaxError"):
        errands(tmp_path, tmp_path).chains()


def test_an_order_is_not_left_lying_about(tmp_path: Path) -> None:
    """It may name a password; what went wrong is told without one."""
    made = errands(tmp_path, tmp_path)
    make_project(tmp_path, CHAIN)
    with pytest.raises(ErrandFailed) as caught:
        made.walk(Chain("x", (), (), ()), lambda: ["--provider", "postgresql://app:s3cret@127.0.0.1:1/postgres"])

    assert "s3cret" not in str(caught.value)
    assert [] == [path.name for path in (tmp_path / "shared").iterdir() if "s3cret" in path.read_text()]
    assert [] == made.reports()


def test_a_process_that_says_nothing_has_a_status(tmp_path: Path) -> None:
    """It was killed, say."""
    make_project(tmp_path, [Script("a1", head="import psutil; psutil.Process().parent().parent().kill()")])

    with pytest.raises(ErrandFailed, match="ended with status -9"):
        errands(tmp_path, tmp_path).chains()


def test_an_interrupted_errand_is_called_off() -> None:
    """Its lifeline ends, so that it can clean up, and the interrupt goes on."""
    text = "import sys; sys.stdin.read(); print('cleaned up')"
    process = subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wait = process.wait
    first = [KeyboardInterrupt()]

    def interrupted(timeout: float | None = None) -> int:
        if first:
            raise first.pop()
        return wait(timeout)

    process.wait = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        _wait(process)

    assert process.stdout is not None
    with process.stdout as output:
        assert b"cleaned up\n" == output.read()
    assert 0 == process.returncode


# -- what a chain is for pytest ----------------------------------------------------------------------------------------


def revisions(arguments: Sequence[str], folder: Path) -> list[list[str]]:
    return [[each["id"] for each in chain["revisions"]] for chain in chains(arguments, folder)]


def test_the_revisions_of_a_range(tmp_path: Path) -> None:
    """As the command line would walk them; an empty one is a mistake."""
    make_project(tmp_path, [*CHAIN, Script("c3", "b2")])

    assert [["a1", "b2", "c3"]] == revisions([], tmp_path)
    assert [["b2"]] == revisions(["--range", "a1:b2"], tmp_path)
    with pytest.raises(ConfigurationError, match="has no revision to walk"):
        revisions(["--range", "b2:b2"], tmp_path)


def test_the_revisions_that_a_branch_changed(tmp_path: Path) -> None:
    """None is no mistake then."""
    make_project(tmp_path, CHAIN)
    repository(tmp_path)
    assert [[]] == revisions(["--since", "main"], tmp_path)
    make_project(tmp_path, [Script("c3", "b2")])

    assert [["c3"]] == revisions(["--since", "main"], tmp_path)


def test_lines_are_those_of_the_functions(tmp_path: Path) -> None:
    """So that a failure leads there."""
    project = make_project(tmp_path, CHAIN[:1])
    (chain,) = chains([], tmp_path)
    (revision,) = chain["revisions"]
    lines = project.files["a1"].read_text().splitlines()

    assert ["def upgrade():", "def downgrade():"] == [lines[revision[name] - 1] for name in ("up", "down")]
    assert Revision("a1", str(project.files["a1"]), revision["up"], revision["down"]) == Revision(**revision)


# -- what fixtures stand on --------------------------------------------------------------------------------------------


def test_a_url_for_any_driver() -> None:
    """Without what only libpq understands."""
    url = for_any_driver("postgresql://o@h:5/db?connect_timeout=9&application_name=x")

    assert "connect_timeout" not in url
    assert "application_name=x" in url


def test_a_server_that_is_offered_goes_before_the_settings(tmp_path: Path) -> None:
    """Whose mistakes are told in a sentence all the same."""
    make_project(tmp_path, CHAIN)
    for offered, words in ((NOBODY, r"127\.0\.0\.1:1"), (None, "nonsense"), (7, "names no server")):
        with pytest.raises(pytest.fail.Exception, match=words), lent(tmp_path, offered, ["--provider", "nonsense"]):
            pass


def test_a_stage_needs_a_chain(tmp_path: Path) -> None:
    """What cannot be one is said without a traceback; nothing is started for one that can."""
    make_project(tmp_path, CHAIN)
    with pytest.raises(pytest.fail.Exception, match="nrecognized arguments: --nonsense"):
        Stage.of(tmp_path, ["--nonsense"], None)  # type: ignore[arg-type]
    with Stage.of(tmp_path, ["--timeout", "7"], None) as stage:  # type: ignore[arg-type]
        assert ("alembic.ini", 7.0) == (stage.settings.lineage.name, stage.environment.timeout)
    gone = replace(stage.settings, lineage=replace(stage.settings.lineage, root=tmp_path / "nowhere"))
    with pytest.raises(pytest.fail.Exception, match="is not a folder"), Stage(gone, None):  # type: ignore[arg-type]
        pass
