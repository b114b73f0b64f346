"""The pytest plugin, in pytest runs of its own: what is collected, how it ends, what it shows, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from migration_checks.cli import main
from migration_checks.providers import Server
from tests.processes import eventually, mentioning
from tests.projects import Script, make_project, sql
from tests.walks import creates, widens

NOTING = "import os, pathlib; pathlib.Path(__file__).with_suffix('.loads').open('a').write(f'{os.getpid()} ')"
FAULTY = (
    creates("shelf", "a1", head=NOTING),
    widens("shelf", "b2", "a1"),
    Script("c3", "b2", sql("ALTER TABLE shelf DROP COLUMN note"), sql("ALTER TABLE shelf ADD COLUMN note text")),
)
ENDS = {
    "a1-ascend": "PASSED",
    "b2-descend": "FAILED",
    "c3-ascend": "XFAIL",
    "c3-undo": "FAILED",
    "c3-redo": "PASSED",
    "c3-writes": "SKIPPED",
    "c3-descend": "FAILED",
    "c3-leap": "PASSED",
    "verdict": "FAILED",
}
WAIVER = '[[tool.migration_checks.waivers]]\ncheck = "MC302"\nrevision = "c3"\nreason = "agreed on Friday"\n'


@pytest.fixture
def on(server: Server) -> str:
    """The option that has a small walk done on the server of these tests."""
    return f"--migration-checks-args=--rows 8 --provider {shlex.quote(server.url)} --allow-shared-server"


@pytest.fixture(autouse=True)
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs inside load no plugin that they do not name: it takes time. Those of test_pytest_docs.py load all."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


OURS = ("-p", "migration_checks.pytest_plugin", "-p", "no:cacheprovider")


def inside(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A pytest run of its own, in the folder of `pytester`."""
    few = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    return pytester.runpytest_subprocess(*(OURS if few else OURS[2:]), *arguments)


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Each test of ours with its outcome, as a verbose run lists them."""
    found = re.findall(r"^(?:\[gw\d\] \[ *\d+%\] )?(.*)$", result.outlines and "\n".join(result.outlines), flags=re.MULTILINE)
    pairs = (
        re.search(r"(?:(?P<late>[A-Z]+) )?migration-checks::(?P<test>\S+)(?: (?P<early>[A-Z]+)\b)?", line) for line in found
    )
    return {each["test"]: each["late"] or each["early"] for each in pairs if each and (each["late"] or each["early"])}


def test_every_leg_is_a_test_and_workers_share_one_walk(
    pytester: pytest.Pytester, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failed where findings count, expected to fail where they are waived, skipped where there was nothing to try.

    A failure shows the finding. The scripts are loaded by two processes, one that lists them and one that walks, whatever
    worker a test runs on; and the findings are those of the command line.
    """
    project = make_project(pytester.path, FAULTY)
    (pytester.path / "pyproject.toml").write_text(WAIVER)
    arguments = f"{on} --report json=plugin.json"
    result = inside(pytester, "--migration-checks", arguments, "-v", "-rsx", "--strict-markers", "-p", "xdist", "-n", "2")
    loads = set(project.files["a1"].with_suffix(".loads").read_text().split())
    text = result.stdout.str()

    found = {name.removeprefix("alembic.ini::"): how for name, how in outcomes(result).items()}
    assert found.items() >= ENDS.items()
    assert len(found) == 3 * 6 + 2
    assert len(loads) == 2
    assert set(re.findall(r"^\[(gw\d)\]", text, flags=re.MULTILINE)) == {"gw0", "gw1"}
    assert "✗ error MC304 rollback-loses-values  c3 undo  public.shelf.note" in text
    assert "remedy   Re-creating a column brings back no values" in text
    assert "Seen again here, see c3-undo: MC304" in text
    assert "is waived: agreed on Friday" in text
    assert "Traceback" not in text
    assert "def runtest" not in text
    assert re.search(r"^Compared \d+ rows and \d+ values in 14 steps at 3 revisions", text, flags=re.MULTILINE)
    assert "info: MC204 cosmetic-difference  c3 undo" in text
    assert 1 == result.ret

    monkeypatch.chdir(pytester.path)
    _, options = on.split("=", 1)
    assert main(["verify", *shlex.split(options), "--report", "json=line.json", "--report", "text=line.txt"]) == 1
    plugin, line = (json.loads((pytester.path / f"{name}.json").read_text()) for name in ("plugin", "line"))
    assert line["findings"] == plugin["findings"]
    assert line["not_checked"] == plugin["not_checked"]


def test_tests_are_selected_by_name_and_marker(pytester: pytest.Pytester, on: str) -> None:
    """As any other test; listing them walks nothing."""
    project = make_project(pytester.path, FAULTY)
    pytester.makepyfile("def test_of_b2(): pass")
    chosen = ("-k", "b2 and not redo or leap", "-m", "migration_checks")
    listed = inside(pytester, "--migration-checks", on, "--collect-only", "-q", *chosen)
    loads = project.files["a1"].with_suffix(".loads").read_text().split()

    legs = ("b2-ascend", "b2-undo", "b2-order", "b2-writes", "b2-descend", "c3-leap")
    assert [f"migration-checks::alembic.ini::{each}" for each in legs] == listed.outlines[:6]
    assert "test_of_b2" not in listed.stdout.str()
    assert len(set(loads)) == 1


def test_a_project_that_cannot_be_walked_is_one_sentence(pytester: pytest.Pytester, on: str) -> None:
    """While collecting where the chain cannot be read, else as the failure of each test; never a traceback."""
    make_project(pytester.path, [creates("shelf", "a1")], env="raise SystemExit(3)")
    broken = inside(pytester, "--migration-checks", on, "-k", "undo or verdict")
    typo = pytester.run(
        "env", f"TMPDIR={pytester.path}", sys.executable, "-m", "pytest", *OURS, "--migration-checks", f"{on} --rang a1:"
    )

    broken.assert_outcomes(failed=2, deselected=6)
    typo.assert_outcomes(errors=1)
    for result, words in ((broken, "env.py"), (typo, "nrecognized arguments: --rang")):
        assert words in result.stdout.str()
        assert "Traceback" not in result.stdout.str()
        assert "errands.py" not in result.stdout.str()
    assert [] == [each.name for each in pytester.path.glob("migration-checks-*")]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_killed_run_leaves_no_walk_behind(pytester: pytest.Pytester, on: str) -> None:
    """The process that walks notices that nobody waits for its answer."""
    sleepy = Script("a1", None, "import pathlib\npathlib.Path('began').touch()\nop.execute('SELECT pg_sleep(120)')")
    make_project(pytester.path, [sleepy])
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *OURS, "--migration-checks", on],
        env={**os.environ, "TMPDIR": str(pytester.path)},
        stdout=subprocess.DEVNULL,
    )
    assert eventually((pytester.path / "began").exists)
    (folder,) = pytester.path.glob("migration-checks-*")
    assert mentioning(str(folder))
    process.kill()
    process.wait()

    assert eventually(lambda: not mentioning(str(folder)))
