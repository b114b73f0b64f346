"""The locks trial on whole chains: what each statement of an upgrade and of a downgrade does to a table in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from migration_checks.database import Databases
from migration_checks.interchange import to_document
from migration_checks.report import Report
from tests.observing import watched
from tests.projects import Script, sql

FAMILY = ("MC601", "MC602", "MC603", "MC604", "MC605", "MC609")


def alone(*statements: str) -> str:
    """A function body that executes `statements`, each committed by itself."""
    return "with op.get_context().autocommit_block():\n" + "\n".join(f"    op.execute({each!r})" for each in statements)


BASE = sql(
    "CREATE TABLE r (id int PRIMARY KEY, note text)",
    "CREATE TABLE t (id int PRIMARY KEY, a varchar(10), b int NOT NULL, c text, r_id int NOT NULL)",
    "CREATE TABLE big (id int PRIMARY KEY, n int NOT NULL)",
    'CREATE TABLE "Weird "" Name" (id int PRIMARY KEY, "select" int NOT NULL)',
    "CREATE TABLE p (id int NOT NULL, n int NOT NULL) PARTITION BY HASH (id)",
    "CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "CREATE TABLE p2 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
)

STEPS: Mapping[str, tuple[str, set[tuple[str, str]]]] = {
    # revision: (upgrade, findings as (check, subject))
    "widen": (sql("ALTER TABLE t ALTER a TYPE varchar(20)"), set()),
    "bigint": (sql("ALTER TABLE big ALTER n TYPE bigint"), {("MC603", "public.big")}),
    "volatile": (sql("ALTER TABLE big ADD COLUMN v uuid DEFAULT gen_random_uuid()"), {("MC603", "public.big")}),
    "constant": (sql("ALTER TABLE big ADD COLUMN k int NOT NULL DEFAULT 7"), set()),
    "not_null": (
        sql("UPDATE t SET c = 'x' WHERE c IS NULL", "ALTER TABLE t ALTER c SET NOT NULL"),
        {("MC604", "public.t")},
    ),
    "index": (sql("CREATE INDEX t_b ON t (b)"), {("MC604", "public.t")}),
    "foreign_key": (
        sql(
            "UPDATE t SET r_id = (SELECT min(id) FROM r)",
            "ALTER TABLE t ADD CONSTRAINT t_r FOREIGN KEY (r_id) REFERENCES r",
        ),
        {("MC604", "public.t"), ("MC604", "public.r"), ("MC609", "public.t.t_r")},
    ),
    "in_steps": (
        sql("ALTER TABLE big ADD CONSTRAINT later CHECK (n IS NOT NULL) NOT VALID"),
        set(),
    ),
    "validate": (sql("ALTER TABLE big VALIDATE CONSTRAINT later"), set()),
    "proven": (sql("ALTER TABLE big ALTER n SET NOT NULL"), set()),
    "concurrently": (alone("CREATE INDEX CONCURRENTLY big_n ON big (n)"), set()),
    "reindex": (alone("REINDEX INDEX CONCURRENTLY big_n"), set()),
    "unconcurrently": (alone("DROP INDEX CONCURRENTLY big_n"), set()),
    "cluster": (sql("CLUSTER big USING big_pkey"), {("MC603", "public.big")}),
    "vacuum": (alone("VACUUM FULL big"), {("MC603", "public.big")}),
    "rename": (sql("ALTER TABLE r RENAME COLUMN note TO remark"), set()),
    "fresh": (
        sql("CREATE TABLE new (id int PRIMARY KEY, n int)", "INSERT INTO new SELECT id, n FROM big", "CREATE INDEX ON new (n)"),
        set(),
    ),
    "both": (
        sql("ALTER TABLE big ADD COLUMN d int", "UPDATE big SET d = n"),
        {("MC605", "public.big")},
    ),
    "settings": (sql("ALTER TABLE r ADD COLUMN s int", "INSERT INTO r (id) VALUES (1000001)"), set()),
    "batches": (alone("UPDATE big SET d = 1 WHERE id % 2 = 0", "UPDATE big SET d = 1 WHERE id % 2 = 1"), set()),
    "weird": (sql('ALTER TABLE "Weird "" Name" ALTER "select" TYPE bigint'), {("MC603", 'public."Weird "" Name"')}),
    "parts": (sql("ALTER TABLE p ALTER n TYPE bigint"), {("MC603", "public.p")}),
    "by_hand": (sql("LOCK TABLE t IN EXCLUSIVE MODE", "SELECT count(*) FROM t"), {("MC604", "public.t")}),
    "renamed": (
        sql(
            "ALTER TABLE t RENAME TO renamed",
            "ALTER TABLE renamed RENAME COLUMN r_id TO ref",
            "ALTER TABLE renamed RENAME CONSTRAINT t_r TO fk",
        ),
        set(),
    ),
    "back": (sql("ALTER TABLE renamed RENAME TO t"), set()),
    "peek": (sql("ALTER TABLE t ADD COLUMN z int", "SELECT 1 FROM t LIMIT 1"), set()),
    "truncate": (sql("TRUNCATE new"), set()),
}
PLANT = """
INSERT INTO public.r SELECT g, 'n' FROM generate_series(1, 20) g;
INSERT INTO public.t SELECT g, 'a', g, nullif(g % 3, 0), g FROM generate_series(1, 20) g;
INSERT INTO public.big SELECT g, g FROM generate_series(1, 20) g;
INSERT INTO public."Weird "" Name" SELECT g, g FROM generate_series(1, 20) g;
INSERT INTO public.p SELECT g, g FROM generate_series(1, 20) g;
"""


def chain() -> list[Script]:
    scripts, below = [Script("first", None, BASE)], "first"
    for name, (upgrade, _) in STEPS.items():
        scripts.append(Script(name, below, upgrade))
        below = name
    return scripts


@pytest.fixture(scope="module")
def report(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """All the steps above, one after the other."""
    return watched(tmp_path_factory.mktemp("steps"), databases, chain(), PLANT)


def statements(report: Report, revision: str) -> list[dict[str, Any]]:
    """The statements of an observed leg."""
    (step,) = (step for step in report.steps if step.revision == revision)
    return list(step.observations["statements"])  # type: ignore[arg-type]


def locks(statement: dict[str, Any], *, kind: str | None = None) -> set[tuple[str, str]]:
    """Its new locks, but for indexes."""
    return {
        (lock["relation"], lock["mode"])
        for lock in statement["locks"]
        if lock["new"] and (lock["kind"] == kind if kind else lock["kind"] != "index")
    }


@pytest.mark.parametrize("revision", STEPS)
def test_findings_of_a_step(report: Report, revision: str) -> None:
    """What keeps others waiting is found, and what does not is silent."""
    found = {(each.check, each.subject) for each in report.findings if each.revision == revision and each.check in FAMILY}

    assert STEPS[revision][1] == found


def test_every_step_was_observed(report: Report) -> None:
    """And nothing of it was left unseen."""
    assert [*STEPS] == [step.revision for step in report.steps]
    assert [] == [step.revision for step in report.steps if "unseen" in step.observations]


def test_a_widened_varchar_is_harmless(report: Report) -> None:
    """It locks the table, and neither writes nor reads it."""
    (statement,) = statements(report, "widen")

    assert {("public.t", "ACCESS EXCLUSIVE")} == locks(statement)
    assert ([], [], {}) == (statement["rewrites"], statement["scans"], statement["changed"])


def test_reasons_of_rewrites(report: Report) -> None:
    """As the event that PostgreSQL raises before it has them, else as the command says."""
    reasons = {
        revision: {each["relation"]: each["reason"] for each in statements(report, revision)[0]["rewrites"]}
        for revision in ("bigint", "volatile", "cluster", "vacuum", "truncate", "parts")
    }

    assert "a column gets another type" == reasons["bigint"]["public.big"]
    assert "its table is written anew" == reasons["bigint"]["public.big_pkey"]
    assert "a column gets a value that is computed for each row" == reasons["volatile"]["public.big"]
    assert reasons["cluster"]["public.big"].startswith("CLUSTER")
    assert reasons["vacuum"]["public.big"].startswith("VACUUM FULL")
    assert "truncated" == reasons["truncate"]["public.new"]
    assert {"public.p1", "public.p2"} == set(reasons["parts"])


def test_a_concurrent_build_is_seen_from_outside(report: Report) -> None:
    """It holds its lock in sessions that no look can see, and waits for whoever looks on."""
    (build,) = statements(report, "concurrently")
    (rebuild,) = statements(report, "reindex")

    for statement in (build, rebuild):
        assert ("public.big", "SHARE UPDATE EXCLUSIVE") in locks(statement)
        assert ["poller"] == next(lock["sources"] for lock in statement["locks"] if lock["relation"] == "public.big")
        assert statement["autocommit"] is True
    assert any(scan["relation"] == "public.big" for scan in build["scans"])


def test_what_commits_by_itself_is_seen_by_what_it_did(report: Report) -> None:
    """Rows are counted, and cannot have been written without the lock that this takes."""
    first, second = statements(report, "batches")

    assert 20 == first["changed"]["public.big"]["updated"] + second["changed"]["public.big"]["updated"]
    assert [("public.big", "ROW EXCLUSIVE")] == list(locks(first))
    assert ["counters"] == first["locks"][0]["sources"]
    assert first["transaction"] != second["transaction"]


def test_where_a_statement_stands(report: Report) -> None:
    """File and line of the operation, from the project's folder on; findings point there."""
    (statement,) = statements(report, "bigint")
    (finding,) = (each for each in report.findings if each.check == "MC603" and each.revision == "bigint")

    assert "migrations/versions/bigint_script.py" == statement["path"]
    assert finding.location is not None
    assert (statement["path"], statement["line"]) == (finding.location.path, finding.location.line)
    assert "ALTER TABLE big ALTER n TYPE bigint" == statement["sql"]


def test_the_measured_part_has_the_same_order(report: Report) -> None:
    """Times and bytes of each statement and relation; none of them among the observations."""
    for step in report.steps:
        timing: Any = step.timing
        observed: Any = step.observations
        assert len(observed["statements"]) == len(timing["statements"])
        assert [each["name"] for each in observed["relations"]] == [each["name"] for each in timing["relations"]]
        for each in timing["statements"]:
            assert 0 <= each["began"] <= each["began"] + each["seconds"] <= each["held_until"] + 0.001
    (rewrite,) = next(step for step in report.steps if step.revision == "bigint").timing["statements"]
    assert rewrite["wal_bytes"] > 1000  # type: ignore[index, call-overload]


def test_what_is_alembics_or_the_toolkits_own_does_not_show(report: Report) -> None:
    """Neither the version table nor what looks are made with."""
    text = str(to_document(report)["steps"])

    assert "alembic_version" not in text
    assert "migration_checks_own" not in text


def test_unindexed_foreign_keys_are_listed_afterwards(report: Report) -> None:
    """As long as they are there, and new only once."""
    listed = {
        step.revision: step.observations["foreign_keys_unindexed"]
        for step in report.steps
        if step.revision in ("index", "foreign_key", "in_steps")
    }

    assert [] == listed["index"]
    assert [True] == [each["new"] for each in listed["foreign_key"]]  # type: ignore[union-attr, index, call-overload]
    assert [False] == [each["new"] for each in listed["in_steps"]]  # type: ignore[union-attr, index, call-overload]
    upkeep: Any = next(step for step in report.steps if step.revision == "in_steps").observations
    assert [("constraint", "public.big.later", "not validated")] == [
        (each["kind"], each["name"], each["problem"]) for each in upkeep["upkeep"]
    ]
