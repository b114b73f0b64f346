"""A conversation of one version of the application with two schemas: what the first accepts is said to the second."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migration_checks.lineage import Contract
from migration_checks.seeding.schema import Column
from migration_checks.snapshot import Catalog
from migration_checks.trials.refusals import CONTRACT, Refusal
from migration_checks.trials.skew_book import Phrase, Row, Subject
from migration_checks.trials.skew_try import Refused, Tongue

NOWHERE = ("42P01", "3F000")
"""SQLSTATEs of a table or a schema that is not there."""

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


@dataclass
class Talk:
    """What one version of the application says, and which of it was accepted where it comes from."""

    subjects: Sequence[Subject]
    contracts: Sequence[Contract] = ()
    accepted: set[Phrase] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def listen(self, home: Tongue) -> None:
        """Learn what the schema accepts that the statements come from."""
        for subject in self.subjects:
            for whole, parts in _said(subject):
                if home.refuses(whole) is None:
                    self.accepted |= {whole, *parts}
                else:
                    self.accepted |= {each for each in parts if home.refuses(each) is None}
        self.kept = {each.name for each in self.contracts if home.refuses_all(each.statements) is None}

    @property
    def tried(self) -> int:
        """How many statements are said to the other schema, those counted that are not said since a whole one was taken."""
        return len(self.accepted) + len(self.kept)

    def repeat(self, there: Tongue, direction: str, catalog: Catalog) -> tuple[Refusal, ...]:
        """Say it to another schema, and hear what that one refuses; names are spelled as in `catalog`."""
        first: dict[object, Refusal] = {}
        for each in self._repeat(there, direction, catalog):
            first.setdefault((each.key, each.typed), each)
        return tuple(first.values())

    def _repeat(self, there: Tongue, direction: str, catalog: Catalog) -> Iterator[Refusal]:
        for subject in self.subjects:
            yield from Exchange(self.accepted, subject, there, direction, catalog).refusals()
        for contract in self.contracts:
            refused = there.refuses_all(contract.statements) if contract.name in self.kept else None
            if refused is not None and refused[1].telling:
                yield Refusal(direction, CONTRACT, contract.name, refused[0], refused[1].sqlstate, refused[1].error)


def _said(subject: Subject) -> Iterator[tuple[Phrase, Sequence[Phrase]]]:
    """Everything that is said of a table or view: whole statements, each with those of single columns that it implies."""
    yield subject.select(subject.columns), [subject.select([each]) for each in subject.columns]
    settable = subject.settable
    if settable:
        yield subject.update(settable, None), [subject.update([each], None) for each in settable]
        yield subject.typed(settable), [subject.typed([each]) for each in settable]
    for row in subject.rows:
        if subject.key:
            yield subject.find(row), ()
        yield subject.delete(row), ()
        yield subject.insert(subject.required, row), ()
        yield subject.insert(settable, row), ()
        if settable:
            yield subject.update(settable, row), [subject.update([each], row) for each in settable]


@dataclass
class Exchange:
    """What is said of one table or view to the other schema, from the whole to the single column.

    `lost` are the columns that cannot be named there any more, or not in that kind of statement, and why.
    """

    accepted: set[Phrase]
    subject: Subject
    there: Tongue
    direction: str
    catalog: Catalog
    lost: dict[str, Refused] = field(default_factory=dict)

    def refusals(self) -> Iterator[Refusal]:
        """Every refusal; one that only repeats another one with a further row may come again."""
        subject = self.subject
        select = subject.select(subject.columns)
        refused = self._refused(select)
        if refused is not None and refused.sqlstate in NOWHERE:
            yield self._refusal(select, refused, subject.name)
            return
        if refused is not None:
            yield from self._by_column(subject.columns, lambda name: subject.select([name]), select, refused)
        if subject.settable:
            yield from self._definitions()
        for row in subject.rows:
            yield from self._about(row)

    def _definitions(self) -> Iterator[Refusal]:
        """Columns that cannot be written at all, and those that cannot with a parameter of the type that they had."""
        subject, columns = self.subject, self._columns
        whole = subject.update(subject.settable, None)
        if (refused := self._refused(whole)) is not None:
            yield from self._by_column(list(columns), lambda name: subject.update([columns[name]], None), whole, refused)
        whole = subject.typed(subject.settable)
        if (refused := self._refused(whole)) is not None:
            known = dict(self.lost)
            for each in self._by_column(
                [name for name in columns if name not in known], lambda name: subject.typed([columns[name]]), None, refused
            ):
                yield replace(each, typed=True)
            self.lost = known

    def _about(self, row: Row) -> Iterator[Refusal]:
        subject = self.subject
        if subject.key:
            find = subject.find(row)
            if (refused := self._refused(find)) is not None:
                names = [each.quoted for each in subject.key]
                yield self._refusal(find, refused, self._name(names[0]) if len(names) == 1 else subject.name)
                return
        faulty = dict(self.lost)
        for refusal, name, why in self._update(row):
            faulty |= {name: why} if name else {}
            yield refusal
        delete = subject.delete(row)
        if (refused := self._refused(delete)) is not None:
            yield self._refusal(delete, refused)
        yield from self._insert(subject.required, row, faulty)
        yield from self._insert(subject.settable, row, faulty)

    def _update(self, row: Row) -> Iterator[tuple[Refusal, str, Refused]]:
        """Refusals of an UPDATE of this row, each with the column that it fails on alone ("" for the whole) and why."""
        subject, columns = self.subject, self._columns
        left = [each for each in subject.settable if each.quoted not in self.lost]
        if not left or subject.update(subject.settable, row) not in self.accepted:
            return
        whole = subject.update(left, row)
        if (refused := self._heard(whole)) is not None:
            names = [each.quoted for each in left]
            yield from self._each(names, lambda name: subject.update([columns[name]], row), whole, refused)

    def _insert(self, columns: Sequence[Column], row: Row, faulty: Mapping[str, Refused]) -> Iterator[Refusal]:
        """An INSERT that names columns which are known to be refused fails on each of them; the rest is said without them."""
        whole = self.subject.insert(columns, row)
        refused = self._refused(whole)
        if refused is None:
            return
        known = [each for each in columns if each.quoted in faulty]
        for each in known:
            why = faulty[each.quoted]
            yield self._refusal(whole, why, self._name(each.quoted) if why.constraint is None else None)
        if any(each in self.subject.required for each in known):
            return
        if known:
            refused = self._heard(self.subject.insert([each for each in columns if each not in known], row))
        if refused is not None:
            yield self._refusal(whole, refused)

    def _by_column(
        self, names: Sequence[str], phrase: Callable[[str], Phrase], whole: Phrase | None, refused: Refused
    ) -> Iterator[Refusal]:
        """The columns that a statement fails on, which are lost from then on."""
        for refusal, name, why in self._each(names, phrase, whole, refused):
            if name:
                self.lost[name] = why
            yield refusal

    def _each(
        self, names: Sequence[str], phrase: Callable[[str], Phrase], whole: Phrase | None, refused: Refused
    ) -> Iterator[tuple[Refusal, str, Refused]]:
        """The columns that a statement fails on; `whole` stands for them where it fails on none of them alone, or on each."""
        reasons = {name: self._refused(phrase(name)) for name in names}
        found = {name: why for name, why in reasons.items() if why is not None}
        alike = len({why.sqlstate for why in found.values()}) == 1
        if whole is not None and (not found or (alike and len(found) == len(names) > 1)):
            yield self._refusal(whole, refused), "", refused
            return
        for name, why in found.items():
            yield self._refusal(phrase(name), why, self._name(name) if why.constraint is None else None), name, why

    @property
    def _columns(self) -> dict[str, Column]:
        return {each.quoted: each for each in self.subject.settable}

    def _refused(self, phrase: Phrase) -> Refused | None:
        """Why the other schema refuses what was accepted where it comes from."""
        return self._heard(phrase) if phrase in self.accepted else None

    def _heard(self, phrase: Phrase) -> Refused | None:
        refused = self.there.refuses(phrase)
        return refused if refused is not None and refused.telling else None

    def _refusal(self, phrase: Phrase, refused: Refused, subject: str | None = None) -> Refusal:
        blamed = subject or self._blamed(refused)
        return Refusal(self.direction, phrase.what, blamed, phrase.sql, refused.sqlstate, refused.error)

    def _blamed(self, refused: Refused) -> str:
        """What the server's diagnostics name, spelled as the catalog spells it: a constraint, a column, or the table."""
        table = spelled(self.catalog, "table", "", refused.schema, refused.table) or self.subject.name
        if self.subject.table is not None and table in (each.name for each in self.subject.table.leaves):
            table = self.subject.name
        if refused.constraint is not None:
            return spelled(self.catalog, "constraint", table, refused.constraint) or table
        return spelled(self.catalog, "column", table, refused.column) or table

    def _name(self, column: str) -> str:
        return f"{self.subject.name}.{column}"


def spelled(catalog: Catalog, kind: str, below: str, *parts: str | None) -> str:
    """The identity in the catalog that reads as these parts without quotes, "" where there is none."""
    wanted, prefix = ".".join(str(each) for each in parts), f"{below}." if below else ""
    if None in parts:
        return ""
    for each, identity in catalog:
        if each == kind and identity.startswith(prefix) and bare_name(identity.removeprefix(prefix)) == wanted:
            return identity
    return ""


def bare_name(identity: str) -> str:
    """A qualified name without the quotes of its parts."""
    return _QUOTED.sub(lambda part: part[1].replace('""', '"'), identity)
