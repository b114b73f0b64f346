"""How the answers of other tools are read, and how rounds of a comparison are put together."""

from __future__ import annotations

import pytest

from benchmarks.comparison import BEGIN, END, batched, joined, placed
from benchmarks.contestants import TOOLS, TRIALS, linted, outcomes, scanned
from benchmarks.testsuites import SUITES
from benchmarks.verdicts import Answer, Pair, Remark, Told

JUNIT = """<testsuites><testsuite>
<testcase classname="MC1_a-fault.test_chain" name="test_up"><failure message="first line&#10;second"/></testcase>
<testcase classname="MC1_a-fault.test_chain" name="test_head"/>
<testcase classname="MC1_a-remedy.test_chain.TestMigrations" name="test_up"/>
<testcase classname="MC2_b-fault.test_chain" name="test_up"><error message="failed on setup">words</error></testcase>
<testcase classname="MC2_b-remedy.test_chain" name="test_up"><failure message="Failed: Timeout (&gt;90.0s)"/></testcase>
</testsuite></testsuites>"""


def test_tests_that_failed_are_remarks() -> None:
    """By the folder they stand in; one that was cut off proves nothing, and is told as trouble."""
    found = outcomes(JUNIT)

    assert Answer((Remark("test_up", "first line"),)) == found["MC1_a-fault"]
    assert Answer() == found["MC1_a-remedy"]
    assert Answer((Remark("test_up", "failed on setup"),)) == found["MC2_b-fault"]
    assert "cut off" in found["MC2_b-remedy"].trouble


def test_violations_are_remarks() -> None:
    """Nothing said is no violation; what is no JSON is trouble, in its own words."""
    assert Answer((Remark("ban-drop-column", "Dropping"),)) == linted(
        '[{"rule_name": "ban-drop-column", "message": "Dropping"}]'
    )
    assert Answer() == linted("")
    assert "error: no such file" == linted("error: no such file").trouble


def test_patterns_are_remarks() -> None:
    """An answer without findings is not silence."""
    assert Answer((Remark("MRT1", "words"),)) == scanned('{"findings": [{"rule": "MRT1", "message": "words"}]}')
    assert Answer() == scanned('{"findings": []}')
    assert scanned("{}").trouble
    assert scanned("").trouble


def test_rounds_are_joined() -> None:
    """Cases of both, the later answer where both have one, and a version that is known is not forgotten."""
    silent, found = Pair(Answer(), Answer()), Pair(Answer((Remark("x"),)), Answer())
    first = Told("a", "1", "", {"MC1": silent, "MC2": silent})

    assert {"MC1": silent, "MC2": found, "MC3": found} == joined(first, Told("a", "1", "", {"MC2": found, "MC3": found})).pairs
    assert "1" == joined(first, Told("a", "", "", {}, "gone")).version
    assert first == joined(None, first)


def test_slices() -> None:
    """Everything once, in order."""
    assert [["a", "b"], ["c"]] == [list(each) for each in batched(["a", "b", "c"], 2)]


def test_tables_are_put_between_the_marks() -> None:
    """What stands around them stays, and doing it again changes nothing."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = placed(page, "new\n")

    assert f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n" == once
    assert once == placed(once, "new\n")
    with pytest.raises(ValueError, match="no <!--"):
        placed("before", "new")


def test_tools_have_names_of_their_own() -> None:
    """And say what they are for."""
    names = [tool.name for tool in TOOLS]

    assert len(names) == len(set(names))
    assert {*SUITES, "squawk", "migration-checks"} <= set(names)
    assert all(tool.purpose for tool in TOOLS)


def test_trials_that_are_asked_for_exist() -> None:
    """By the toolkit's own words."""
    from migration_checks.trials import TRIALS as KNOWN

    assert set(TRIALS.values()) <= set(KNOWN)
