"""The same input and seed give the same report, byte for byte but for its `timing` blocks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from fixtures.mistudio import repaired
from migration_checks.config import Settings
from migration_checks.interchange import to_json
from migration_checks.providers import Server
from migration_checks.report import Report
from migration_checks.verify import verify
from tests.mistudio import CREATED, HEAD
from tests.projects import Script, sql
from tests.walks import creates, walk, widens


def timeless(report: Report) -> str:
    """The JSON of a report without its timing blocks."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(each) for key, each in value.items() if key != "timing"}
        return [without(each) for each in value] if isinstance(value, list) else value

    return json.dumps(without(json.loads(to_json(report))), indent=1)


def test_two_walks_of_mistudio(server: Server) -> None:
    """Over the rows of the lineage's own seeds, which are made by factories."""
    chain = replace(repaired, range=f"{CREATED}:{HEAD}")
    settings = Settings(chain, project=chain.root, provider=server.url, allow_shared_server=True, rows=10)
    assert timeless(verify(settings)) == timeless(verify(settings))


def test_two_walks_of_a_chain_full_of_faults(tmp_path: Path, server: Server) -> None:
    """Moments, and rows without a key, among them. (A value that a script draws at random is quoted as it was drawn.)"""
    chain = [
        creates("t", "a1"),
        Script(
            "b2",
            "a1",
            sql(
                "CREATE TABLE log (note text, at timestamptz)",
                "INSERT INTO log SELECT note, clock_timestamp() FROM t",
                "ALTER TABLE t ADD COLUMN token uuid DEFAULT gen_random_uuid(), ADD COLUMN seen timestamptz DEFAULT now()",
            ),
            sql("DROP TABLE log", "ALTER TABLE t DROP COLUMN token, DROP COLUMN seen, DROP COLUMN note, ADD COLUMN note text"),
        ),
        Script(
            "c3",
            "b2",
            sql("UPDATE t SET note = 'v', seen = now()", "DELETE FROM log WHERE note IS NULL"),
            sql("UPDATE t SET seen = clock_timestamp()", "INSERT INTO log VALUES ('back', clock_timestamp())"),
        ),
        Script("d4", "c3", sql("ALTER TABLE log ADD COLUMN bad int NOT NULL"), sql("SELECT 1/0")),
        widens("t", "e5", "d4"),
        Script("f6", "e5", sql("CREATE TABLE w (id int)"), sql("SELECT 1")),
    ]
    one, other = (timeless(walk(tmp_path, server, chain).report) for _ in range(2))

    assert one == other
    assert json.loads(one)["findings"]


def test_another_seed_is_another_input(tmp_path: Path, server: Server) -> None:
    """Otherwise nothing would have been proven above."""
    loses = Script("b2", "a1", sql("ALTER TABLE t DROP COLUMN note"), sql("ALTER TABLE t ADD COLUMN note text"))
    reports = [walk(tmp_path, server, [creates("t", "a1"), loses], seed=seed).report for seed in (1, 2)]
    one, other = (timeless(replace(report, seed=0)) for report in reports)

    assert one != other
