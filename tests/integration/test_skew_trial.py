"""The SKEW trial on chains of every kind: what old code may no longer say after an upgrade, or after its rollback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_checks.check import Finding, Severity
from migration_checks.lineage import Contract
from migration_checks.providers import Server
from migration_checks.transition import Leg
from migration_checks.trials.refusals import AHEAD, ROLLBACK
from tests.projects import Script, sql
from tests.walks import Walk, walk

START = Script(
    "start",
    upgrade=sql(
        'CREATE SCHEMA "Weird "" Name"',
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        'CREATE TABLE "Weird "" Name"."select" (id int PRIMARY KEY, "Odd ""One" int, state text NOT NULL, mood mood NOT NULL,'
        " age int DEFAULT 3, code text, twice int GENERATED ALWAYS AS (age * 2) STORED)",
        "CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)",
        "CREATE TABLE notes (id int PRIMARY KEY, person bigint REFERENCES people, note varchar(20))",
        "CREATE TABLE parts (id int, kind text NOT NULL) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_1 PARTITION OF parts DEFAULT",
        "CREATE TABLE guarded (id int PRIMARY KEY, v text)",
        "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE guarded FORCE ROW LEVEL SECURITY",
        "CREATE VIEW names AS SELECT id, name FROM people",
    ),
    downgrade="raise NotImplementedError('no')",
)
ODD = '"Weird "" Name"."select"'

BREAKING: dict[str, tuple[tuple[str, ...], tuple[str, ...], dict[str, set[str]]]] = {
    "dropped": (
        (f'ALTER TABLE {ODD} DROP "Odd ""One"',),
        (f'ALTER TABLE {ODD} ADD "Odd ""One" int',),
        {f'{ODD}."Odd ""One"': {"select", "update", "insert"}},
    ),
    "required": (
        ("ALTER TABLE notes ADD must int", "UPDATE notes SET must = 1", "ALTER TABLE notes ALTER must SET NOT NULL"),
        ("ALTER TABLE notes DROP must",),
        {"public.notes.must": {"insert"}},
    ),
    "checked": (
        (f"UPDATE {ODD} SET state = 'A'", f"ALTER TABLE {ODD} ADD CONSTRAINT states CHECK (state = 'A')"),
        (f"ALTER TABLE {ODD} DROP CONSTRAINT states",),
        {f"{ODD}.states": {"update", "insert"}},
    ),
    "referred": (
        ("CREATE TABLE child (person bigint REFERENCES people)", "INSERT INTO child SELECT id FROM people"),
        ("DROP TABLE child",),
        {"public.child.child_person_fkey": {"delete"}},
    ),
    "unseen": (("DROP VIEW names",), ("CREATE VIEW names AS SELECT id, name FROM people",), {"public.names": {"select"}}),
    "renamed": (
        ("ALTER TABLE parts RENAME kind TO sort",),
        ("ALTER TABLE parts RENAME sort TO kind",),
        {"public.parts.kind": {"select", "update", "insert"}},
    ),
    "label": (
        ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",),
        ("ALTER TYPE mood RENAME VALUE 'blue' TO 'sad'",),
        {f"{ODD}.mood": {"update", "insert"}},
    ),
    "default": (
        (f"UPDATE {ODD} SET age = 1 WHERE age IS NULL", f"ALTER TABLE {ODD} ALTER age SET NOT NULL, ALTER age DROP DEFAULT"),
        (f"ALTER TABLE {ODD} ALTER age DROP NOT NULL, ALTER age SET DEFAULT 3",),
        {f"{ODD}.age": {"insert", "update"}},
    ),
    "guard": (
        (
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'read only'; END $$",
            "CREATE TRIGGER no BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION no()",
        ),
        ("DROP TRIGGER no ON notes", "DROP FUNCTION no"),
        {"public.notes": {"update"}},
    ),
}
"""By revision: its upgrade, its downgrade, and what old code may not say to which subject any more."""

HARMLESS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "nullable": (("ALTER TABLE notes ADD extra int",), ("ALTER TABLE notes DROP extra",)),
    "defaulted": (("ALTER TABLE notes ADD more int NOT NULL DEFAULT 4",), ("ALTER TABLE notes DROP more",)),
    "wider": (("ALTER TABLE notes ALTER note TYPE varchar(40)",), ("ALTER TABLE notes ALTER note TYPE varchar(20)",)),
    "unique": (("CREATE UNIQUE INDEX ids ON notes (id, note)",), ("DROP INDEX ids",)),
    "moved": (
        ("ALTER TABLE guarded RENAME TO kept", "CREATE VIEW guarded AS SELECT * FROM kept"),
        ("DROP VIEW guarded", "ALTER TABLE kept RENAME TO guarded"),
    ),
    "rows": (("UPDATE notes SET note = note",), ("UPDATE notes SET note = note",)),
    "table": (
        ("CREATE TABLE fresh (id int)", "CREATE INDEX ON notes (note)"),
        ("DROP TABLE fresh", "DROP INDEX notes_note_idx"),
    ),
}
"""By revision: what old code does not notice."""


@pytest.fixture(scope="module")
def walked(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """All of it in one chain, harmless revisions first."""
    scripts, below = [START], "start"
    for name, (up, down, *_) in {**HARMLESS, **BREAKING}.items():
        scripts.append(Script(name, below, sql(*up), sql(*down)))
        below = name
    contracts = (
        Contract("names of people", ("SELECT name FROM names ORDER BY id",), until="referred"),
        Contract("old moods", ("SELECT 'sad'::mood",), until="renamed"),
        Contract("never true", ("SELECT nothing",), until="renamed"),
    )
    root = tmp_path_factory.mktemp("skew")
    return walk(root, server, scripts, trials=frozenset({"skew"}), rows=6, contracts=contracts, range="start:heads")


def broken(walked: Walk, revision: str) -> dict[str, Finding]:
    """The findings at a revision by subject."""
    return {each.subject: each for each in walked.report.findings if (each.check, each.revision) == ("MC801", revision)}


def said(walked: Walk, revision: str) -> Any:
    """What the trial observed at a revision."""
    (step,) = (each for each in walked.report.steps if (each.leg, each.revision) == (Leg.SKEW, revision))
    return step.observations


@pytest.mark.parametrize("revision", BREAKING)
def test_old_code_that_is_refused_is_told_by_the_smallest_subject(walked: Walk, revision: str) -> None:
    """Column, constraint, table or view; with the kinds of statement that fail on it, each with its SQLSTATE."""
    found = {
        subject: {each["what"] for each in finding.evidence["statements"]}  # type: ignore[union-attr,index,call-overload]
        for subject, finding in broken(walked, revision).items()
        if not subject.startswith(("names of", "old moods"))
    }

    assert BREAKING[revision][2] == found


@pytest.mark.parametrize("revision", HARMLESS)
def test_what_old_code_does_not_notice_is_no_finding(walked: Walk, revision: str) -> None:
    """Additions with a default, wider types, views in place of tables: silence, although statements were said."""
    assert {} == broken(walked, revision)
    assert [] == said(walked, revision)["statements"] or revision == "defaulted"
    assert revision == "rows" or said(walked, revision)["tried"]["old code on the new schema"] > 10


def test_a_contract_of_the_old_release_is_said_to_the_new_schema(walked: Walk) -> None:
    """The contract that ends below a revision is refused there; one that never held is not."""
    contract = broken(walked, "unseen")["names of people"]

    assert "42P01" == contract.evidence["sqlstate"]
    assert "`SELECT name FROM names ORDER BY id` of names of people" in contract.message
    assert "old moods" in broken(walked, "label")
    assert not [each for each in walked.report.findings if each.subject == "never true" and each.check == "MC801"]


def test_messages_name_the_statement_and_the_state(walked: Walk) -> None:
    """A reader sees which query fails, and how."""
    message = broken(walked, "renamed")["public.parts.kind"].message

    assert "`SELECT kind FROM public.parts LIMIT 1`" in message
    assert "SQLSTATE 42703" in message
    assert message.endswith("So are UPDATE and INSERT.")


def test_code_that_only_some_drivers_send_is_a_remark(tmp_path: Path, server: Server) -> None:
    """A text column that becomes a number takes unquoted digits, not a parameter that is declared as text."""
    change = ("ALTER TABLE t ALTER v TYPE int USING v::int", "ALTER TABLE t ALTER v TYPE text")
    make = Script("a1", upgrade=sql("CREATE TABLE t (id int PRIMARY KEY, v text)"), downgrade=sql("DROP TABLE t"))
    fill = Script("b2", "a1", sql("UPDATE t SET v = '12'"), "raise NotImplementedError('no')")
    found = broken(
        walk(tmp_path, server, [make, fill, Script("c3", "b2", *map(sql, change))], trials=frozenset({"skew"})), "c3"
    )

    assert {"public.t.v": Severity.INFO} == {subject: each.severity for subject, each in found.items()}


def test_a_rollback_that_does_not_bring_old_code_back(tmp_path: Path, server: Server) -> None:
    """What the upgrade left alone and the downgrade broke is told; what new code may not say below is only observed."""
    scripts = [
        Script("a1", upgrade=sql("CREATE TABLE t (id int PRIMARY KEY, v int)"), downgrade=sql("DROP TABLE t")),
        Script(
            "b2",
            "a1",
            sql("ALTER TABLE t ADD w text"),
            sql("ALTER TABLE t DROP w", "ALTER TABLE t ADD CONSTRAINT small CHECK (v < 0) NOT VALID"),
        ),
    ]
    walked = walk(tmp_path, server, scripts, trials=frozenset({"skew"}))
    found = broken(walked, "b2")

    assert {"public.t"} == {subject.rpartition(".")[0] for subject in found}
    assert {ROLLBACK} == {each.evidence["direction"] for each in found.values()}
    assert {ROLLBACK, AHEAD} <= {each["direction"] for each in said(walked, "b2")["statements"]}
