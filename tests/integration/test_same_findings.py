"""One chain, every provider that can run here: the same findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.check import Finding
from migration_checks.config import Settings
from migration_checks.errors import ProviderError
from migration_checks.providers import Server
from migration_checks.verify import verify
from tests.people import people

ROWS = 12


def found(findings: tuple[Finding, ...]) -> list[tuple[str, ...]]:
    return [(each.check, each.revision, each.leg, each.subject, str(each.severity), *each.also_at) for each in findings]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, server: Server) -> list[tuple[str, ...]]:
    """What is found on the server of these tests, by its URL."""
    root = tmp_path_factory.mktemp("people")
    return found(verify(Settings(people(root).lineage(), root, server.url, allow_shared_server=True, rows=ROWS)).findings)


@pytest.mark.parametrize("provider", ["embedded", "local", "container"])
def test_every_provider_leads_to_the_same_findings(provider: str, tmp_path: Path, expected: list[tuple[str, ...]]) -> None:
    """Whatever version of PostgreSQL it lends; skipped where this machine cannot."""
    try:
        report = verify(Settings(people(tmp_path).lineage(), tmp_path, provider, rows=ROWS))
    except ProviderError as error:
        pytest.skip(f"{provider} cannot run here: {error.message}")

    assert {"MC101"} <= {check for check, *_ in expected}
    assert expected == found(report.findings)
    assert provider == report.provider
