"""Collects a test for every revision and leg of a chain, and lets each tell what the walk found there."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migration_checks.errors import ToolkitError
from migration_checks.in_pytest.arguments import of_config
from migration_checks.in_pytest.errands import Chain, Errands
from migration_checks.in_pytest.offer import provider_arguments
from migration_checks.in_pytest.outcomes import Outcome, of_leg, of_verdict, summary
from migration_checks.renderers.escape import visible
from migration_checks.report import Report
from migration_checks.transition import Leg

ROOT = "migration-checks"
SHARED = "migration_checks_folder"
SERVER = "migration_server_url"


class Collecting:
    """The plugin of a run that was asked for `--migration-checks`.

    The process that was started by hand makes the folder that all workers share, and removes it.
    """

    def __init__(self, config: pytest.Config) -> None:
        worker = getattr(config, "workerinput", None)
        self.is_ours = worker is None
        self.folder = Path(tempfile.mkdtemp(prefix="migration-checks-")) if worker is None else Path(worker[SHARED])
        self.folders: dict[Path, pytest.Collector] = {}
        self.places: list[Path] = []
        self.errands = Errands(self.folder, config.rootpath, of_config(config), {})

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where the folder is."""
        node.workerinput[SHARED] = str(self.folder)

    def pytest_plugin_registered(self, plugin: object, manager: pytest.PytestPluginManager) -> None:
        """Remember a conftest.py that names the server: only what is collected below its folder sees that."""
        name = manager.get_name(plugin) or ""
        if name.endswith("conftest.py") and hasattr(plugin, SERVER):
            self.places.append(Path(name).parent)

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Remember the nodes of folders."""
        if isinstance(collector, pytest.Directory):
            self.folders[collector.path] = collector

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add ours to the tests, before anybody selects among them."""
        # What conftest.py files set for env.py counts; what single tests patch does not.
        self.errands.variables = dict(os.environ)
        parent = next((self.folders[place] for place in self.places if place in self.folders), session)
        items.extend(session.genitems(Chains.from_parent(parent, name=ROOT, nodeid=ROOT, errands=self.errands)))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """What was compared, what was not, and what was found that fails nothing."""
        reports = self.errands.reports() if self.is_ours else []
        if reports:
            terminalreporter.section("migration-checks")
        for report in reports:
            for line in summary(report):
                terminalreporter.line(line)

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        if self.is_ours:
            shutil.rmtree(self.folder, ignore_errors=True)


class Chains(pytest.Collector):
    """All chains of the project."""

    def __init__(self, *, errands: Errands, **node: Any) -> None:
        super().__init__(**node)
        self.errands = errands

    def collect(self) -> Iterator[pytest.Collector]:
        try:
            chains = self.errands.chains()
        except ToolkitError as error:
            raise self.CollectError(str(error).strip()) from error
        names: list[str] = []
        for chain in chains:
            name = visible(chain.name)
            names.append(name)
            name = name if names.count(name) == 1 else f"{name}-{names.count(name)}"
            yield ChainTests.from_parent(self, path=self.config.rootpath, name=name, nodeid=f"{ROOT}::{name}", chain=chain)


class ChainTests(pytest.Module):
    """The tests of one chain: a module without a file, so that fixtures of every scope find what they belong to."""

    parent: Chains

    def __init__(self, *, chain: Chain, **node: Any) -> None:
        super().__init__(**node)
        self.chain = chain
        self.obj = sys.modules[__name__]  # what `request.module` gives to fixtures of others

    def collect(self) -> Iterator[pytest.Item]:
        legs = [(revision, leg) for revision in self.chain.revisions for leg in self.chain.legs]
        legs += [(revision, Leg.LEAP) for revision in self.chain.revisions[-1:]]
        for revision, leg in legs:
            line = revision.up if leg.upward else revision.down
            place = (revision.path or self.config.rootpath, max(line - 1, 0))
            yield self._test(f"{visible(revision.id)}-{leg}", _leg(revision.id, leg), place)
        shown = {(revision.id, leg) for revision, leg in legs}
        yield self._test("verdict", lambda report: of_verdict(report, shown), (self.config.rootpath, 0))

    def _test(self, name: str, judge: Callable[[Report], Outcome], place: tuple[Path | str, int]) -> pytest.Item:
        test: pytest.Item = LegTest.from_parent(self, name=name, callobj=_test, judge=judge, place=place)
        test.add_marker(pytest.mark.migration_checks)
        if self.config.pluginmanager.hasplugin("xdist"):
            # With --dist loadgroup no worker waits for another one's walk.
            test.add_marker(pytest.mark.xdist_group(self.nodeid))
        if self.config.pluginmanager.hasplugin("timeout"):
            # pytest-timeout's limit is meant for tests; a walk has one of its own, for each step.
            test.add_marker(pytest.mark.timeout(0))
        return test


def _leg(revision: str, leg: Leg) -> Callable[[Report], Outcome]:
    return lambda report: of_leg(report, revision, leg)


def _test(request: pytest.FixtureRequest) -> None:
    """What pytest takes a test's arguments from; LegTest runs instead."""


class CountingFindings(Exception):
    """Findings that fail a leg, as text."""


class LegTest(pytest.Function):
    """The test of one leg. The first of its chain to run has the chain walked, the others read the same report."""

    parent: ChainTests

    def __init__(self, *, judge: Callable[[Report], Outcome], place: tuple[Path | str, int], **node: Any) -> None:
        super().__init__(**node)
        self.judge = judge
        self.place = place

    def runtest(self) -> None:
        outcome = self.judge(self.parent.parent.errands.walk(self.parent.chain, self._server))
        self.add_report_section("call", "migration-checks", outcome.details)
        if outcome.status == "failed":
            raise CountingFindings(outcome.text)
        if outcome.status == "skipped":
            pytest.skip(outcome.text)
        if outcome.status == "xfailed":
            pytest.xfail(outcome.text)

    def _server(self) -> list[str]:
        """Arguments for the server that a conftest.py offers; asked for only by who walks, for it may have to be started."""
        request = self.funcargs["request"]
        assert isinstance(request, pytest.FixtureRequest)
        return provider_arguments(request.getfixturevalue(SERVER))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *others: Any, **more: Any) -> Any:
        """A finding, or a sentence, instead of a traceback."""
        if isinstance(excinfo.value, CountingFindings | ToolkitError):
            return str(excinfo.value).strip()
        return super().repr_failure(excinfo, *others, **more)

    def reportinfo(self) -> tuple[Path | str, int, str]:
        path, line = self.place
        return path, line, f"{self.parent.name} {self.name}"
