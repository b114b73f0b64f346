"""Where a walk starts: in an empty database, or in one that a baseline made, at the revision at which that stands."""

from __future__ import annotations

from migration_checks.baseline_sql import fill_from
from migration_checks.clone import Source
from migration_checks.database import Databases
from migration_checks.environment import Environment
from migration_checks.errors import ConfigurationError
from migration_checks.graph import Graph
from migration_checks.lineage import Lineage
from migration_checks.report import Note


class Origin:
    """Makes databases in the state before the first revision of the walk: empty, a baseline's, or copies of `clone`."""

    def __init__(self, lineage: Lineage, databases: Databases, clone: Source | None = None) -> None:
        self.lineage = lineage
        self.clone = clone
        self.what = "baseline" if clone is None else "clone"
        self.databases = databases
        self.notes: list[Note] = []
        self._ready: str | None = None
        self._template: str | None = None

    def fresh(self) -> str:
        """The URL of such a database, the caller's own."""
        url, self._ready = self._ready, None
        return url if url is not None else self._make()

    def _make(self) -> str:
        if self.lineage.baseline_sql is None and self.clone is None:
            return self.databases.create("walk")
        if self._template is None and self.clone is not None:
            self._template = self.clone.copy_into(self.databases)
            self.notes += self.clone.notes
        elif self._template is None:
            assert self.lineage.baseline_sql is not None
            self._template = self.databases.create("baseline")
            fill_from(self.lineage.root / self.lineage.baseline_sql, self._template, "the baseline")
        # It is run once and copied from then on: what it makes in the cluster, such as roles, cannot be made twice.
        assert self._template is not None
        return self.databases.copy(self._template, "walk")

    def start(self, environment: Environment, graph: Graph, start: frozenset[str], end: frozenset[str]) -> frozenset[str]:
        """The heads that the walk starts from: `start` of its range, or where the baseline's version table stands.

        Raises ConfigurationError where the baseline does not lie on the way to `start` and `end`, or is not of this chain.
        """
        if self.lineage.baseline_sql is None and self.clone is None:
            return start
        self._ready = self._make()
        environment.attach(self._ready)
        standing = environment.heads()
        environment.detach()
        if not standing and self.clone is not None:
            raise ConfigurationError(
                "The clone stands at no revision: its version table is empty or missing.",
                "Name the database that this chain migrates, or see version_table and its schema in env.py.",
            )
        if not standing:
            return start
        self._check(graph, standing, start, end)
        applied = graph.ancestors(standing)
        for seed in self.lineage.seeds:
            if seed.revision == "base" or seed.revision in applied:
                self.notes.append(Note(seed.name, f"Not planted: the {self.what} stands at or above its revision.", None))
        return start if applied <= graph.ancestors(start) else standing

    def start_below(self, environment: Environment, graph: Graph, start: frozenset[str]) -> None:
        """Make sure that the baseline, if there is one, holds nothing that is to be walked above `start`.

        Raises ConfigurationError where it does, or is not of this chain.
        """
        begins = self.start(environment, graph, start, frozenset(graph.heads))
        if begins != start:
            raise ConfigurationError(
                f"The {self.what} stands at {', '.join(sorted(begins))}, at or above a revision that has changed.",
                "Give a baseline from before the change, or leave --since out.",
            )

    def _check(self, graph: Graph, standing: frozenset[str], start: frozenset[str], end: frozenset[str]) -> None:
        where = ", ".join(sorted(standing))
        strangers = sorted(each for each in standing if each not in graph.by_id)
        if strangers:
            raise ConfigurationError(
                f"The {self.what} stands at {', '.join(strangers)}, which this chain does not hold.",
                "Give a dump of a database that this chain has made, or one without the version table.",
            )
        applied = graph.ancestors(standing)
        begins, colon, _ = self.lineage.range.partition(":")
        if colon and begins.strip() and not applied <= graph.ancestors(start):
            raise ConfigurationError(
                f"The {self.what} stands at {where}, so a range cannot start at {begins.strip()}.",
                "Start the range where the baseline stands, or above, or leave its start out.",
            )
        if not applied <= graph.ancestors(end):
            raise ConfigurationError(
                f"The {self.what} stands at {where}, which is not below the end of the range.",
                "End the range above the baseline.",
            )
