"""The rows of a database under walk: reads them, compares them, and follows where values went, all inside PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import psycopg

from migration_checks.lineage import Transformation
from migration_checks.rows.cells import Window
from migration_checks.rows.chain import Ascent, Chain, Holdings
from migration_checks.rows.compare import Comparison
from migration_checks.rows.declared import declared
from migration_checks.rows.identity import Tables
from migration_checks.rows.lost import FateId, Lost, acquit
from migration_checks.rows.reading import Reader
from migration_checks.rows.sequences import Sequences
from migration_checks.rows.survivors import survivors
from migration_checks.rows.touched import Watch
from migration_checks.rows.trace import Trace
from migration_checks.rows.workshop import Workshop
from migration_checks.rows.written import Written
from migration_checks.snapshot import Sequence as SequenceState
from migration_checks.snapshot import Table
from migration_checks.transition import Changes, Fate

__all__ = ["Rows"]


class Rows:
    """The rows of one database. `connection` is an autocommit one of the toolkit's own, `samples` how many a finding shows.

    Where it is `private`, it was settled in (workshop.settle_in), and whoever else uses it asks through its Lane only.

    What a step did must be committed before it is looked at. Sessions that stay connected must have flushed their
    statistics (`pg_stat_force_next_flush`, PostgreSQL 15 up): that is how untouched tables are told.
    """

    def __init__(
        self,
        connection: psycopg.Connection[tuple[Any, ...]],
        *,
        samples: int = 5,
        private: bool = False,
    ) -> None:
        self.samples = samples
        self._shop = Workshop(connection, private=private)
        self._reader = Reader()
        self._sequences = Sequences()
        self._lost: dict[FateId, Lost] = {}
        self.untraced: Mapping[str, str] = {}

    @property
    def connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection in use; `reconnect` replaces it."""
        return self._shop.connection

    def reconnect(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Go on with another connection to the same database."""
        self._shop.connection = connection

    def read(
        self,
        previous: Mapping[str, Table] | None,
        *,
        keep: bool,
        skip: Collection[str] = frozenset(),
        trusted: bool | None = None,
        shapes: Mapping[int, str] | None = None,
        stamped: Sequence[Any] | None = None,
    ) -> dict[str, Table]:
        """The state of every user table but those in `skip`, by qualified name.

        `trusted` is what `watch` has just judged, `shapes` what the catalog's reader has (a text by oid that changes with
        the definition), `stamped` what the server says of storage (touched.STORAGE). What is not given is looked up.

        A table that nothing touched since `previous` was read is the very same value. `keep` copies the rows of the others
        to a mirror, where later steps cannot reach them; without it they can be read only until the next step.
        What cannot be read says why in `unread`.
        """
        return self._reader.read(self._shop, previous, keep=keep, skip=skip, trusted=trusted, shapes=shapes, stamped=stamped)

    def settled(self, spared: int | None) -> bool:
        """What `read` takes as `trusted`, once sessions that are leaving are gone (Watch.settled)."""
        return self.watch.settled(self._shop, spared)

    @property
    def watch(self) -> Watch:
        """What judges whether the server's counters can be trusted."""
        return self._reader.watch

    def compare(
        self,
        before: Tables,
        after: Tables,
        *,
        written: Sequence[Written] = (),
        windows: tuple[Window, Window] | None = None,
        origin: Tables | None = None,
        same_place: bool = False,
    ) -> Changes:
        """The data part of what differs between two states; `before` must be mirrored where a step came in between.

        `written` are pairs of states between which the toolkit wrote rows: those rows are set aside, and rows that only
        `after` has are not reported. `windows` says when two runs of the same step took place: then differences that only
        the moment or chance explains are counted as volatile. `origin` is what both runs began with: rows that they made
        under drawn keys are then paired by what they hold. At the `same_place` what has the same name is the same, whichever
        table or column it was; what a step led to is followed through renames.
        """
        comparison = Comparison(
            self._shop, self.samples, written, windows, self._reader.outdated, origin, self._reader.standing, same_place
        )
        return comparison.compare(before, after)

    def trace(
        self, before: Tables, after: Tables, *, history: Sequence[Ascent] = (), written: Sequence[Written] = ()
    ) -> tuple[Fate, ...]:
        """What became of every value that the upgrade from `before` to `after` made disappear.

        `history` are the earlier ascents (revision, before, after) of the walk, oldest first: values that one of them
        carried away are found where it put them. `written` are pairs of states between which the toolkit wrote rows: where it
        filled an added column, the values beside it prove nothing. What is lost is remembered for `acquit`. Tables that the
        server would not let it follow are in `untraced`, with the reason.
        """
        trace = Trace(self._shop, self.samples, Chain(before, after, history, Holdings(self._shop)), written)
        fates = trace.run()
        self._lost, self.untraced = trace.lost, trace.untraced
        return fates

    def declared(self, fates: Sequence[Fate], transformations: Sequence[Transformation], after: Tables) -> tuple[Fate, ...]:
        """The fates of the latest `trace`, with what a declared transformation accounts for counted as moved.

        Raises ConfigurationError when a transformation cannot be evaluated.
        """
        if not transformations:
            return tuple(fates)
        with self._shop.work():
            return declared(self._shop, fates, self._lost, transformations, after, self.samples)

    def acquit(self, fates: Sequence[Fate], baseline: Tables, after_undo: Tables) -> tuple[Fate, ...]:
        """The fates of the latest `trace`, once its step was undone: what is back exactly was not lost.

        `baseline` is what `trace` started from.
        """
        if not self._lost:
            return tuple(fates)
        with self._shop.work():
            return acquit(self._shop, fates, self._lost, after_undo, self.samples)

    def survivors(self, written_before: Tables, written_after: Tables, now: Tables) -> Changes:
        """How the rows that were added between the first two states fare in `now`, in tables that are still there.

        Only tables are listed in which such a row is missing, or altered in a column that is still there, and in `unread`
        those that could not be compared. `rows_before` counts the rows that were added.
        """
        with self._shop.work():
            return survivors(self._shop, self.samples, written_before, written_after, now)

    def sequences(self, tables: Mapping[str, Table], found: Sequence[Any] | None = None) -> tuple[SequenceState, ...]:
        """Where every sequence stands that feeds a column of `tables`; `found` is what SEQUENCES gave."""
        return self._sequences.read(self._shop, tables, found)
