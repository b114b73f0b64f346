"""The plan for one table: which source each column has, what ties columns together, and which conditions rows must meet."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migration_checks.seeding import literals
from migration_checks.seeding.blanks import Blanks
from migration_checks.seeding.conditions import Condition, applied, bottom, hints, read
from migration_checks.seeding.pool import Pool, chance
from migration_checks.seeding.pools import Pools
from migration_checks.seeding.portraits import Portrait
from migration_checks.seeding.realism import endless, realistic
from migration_checks.seeding.references import Key, Reference, has_room
from migration_checks.seeding.schema import Column, ForeignKey, Leaf, Table
from migration_checks.seeding.sources import ADVERSARIAL_SHARE, Distinct, Numbers, Plain, Repeating, Source
from migration_checks.seeding.unique import Uniqueness, transform
from migration_checks.seeding.values import UNKNOWN, Value, reads
from migration_checks.seeding.weighted import ADVERSARIAL, Weighted, strata


class Impossible(Exception):
    """A table cannot be filled; the message is the reason in one phrase."""


@dataclass
class Plan:
    """How rows of `table` come about. `pending` are foreign keys whose parents are drafted later (a circle)."""

    table: Table
    sources: dict[str, Source]
    references: list[Reference]
    pending: list[ForeignKey]
    uniques: list[Uniqueness]
    conditions: list[Condition]
    pools: Mapping[str, Pool]
    typed: Mapping[str, Callable[[str | None], Value]]
    leaves: list[Condition] = field(default_factory=list)
    choices: list[Mapping[str, tuple[str, ...]]] = field(default_factory=list)
    blanks: Blanks | None = None

    @property
    def referring(self) -> frozenset[str]:
        """The columns that references fill."""
        return frozenset(name for reference in self.references for name in reference.key.columns)


@dataclass(frozen=True)
class Order:
    """What is asked of a plan: `only` limits it to these columns, `first` says where numbering starts.

    `portrait` is what a profile says of the table. `plain` asks for nothing but plausible values.
    """

    seed: int
    salt: str = ""
    only: frozenset[str] | None = None
    first: Mapping[str, int] = field(default_factory=dict)
    existing: Sequence[Mapping[str, str | None]] = ()
    leaves: frozenset[str] | None = None
    wishes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    portrait: Portrait | None = None
    plain: bool = False


def make_plan(table: Table, pools: Pools, keys: Callable[[ForeignKey], Sequence[Key] | None], order: Order) -> Plan:
    """The plan for a table; `keys` gives a foreign key's parent keys, None when they are not known yet. Raises Impossible."""
    planner = _Planner(table, pools, keys, order)
    return planner.plan()


class _Planner:
    def __init__(self, table: Table, pools: Pools, keys: Callable[[ForeignKey], Sequence[Key] | None], order: Order) -> None:
        self.table = table
        self.pools = pools
        self.keys = keys
        self.order = order
        self.columns = [c for c in table.writable if order.only is None or c.name in order.only]
        self.checks = [read(check.expression) for check in table.checks]
        leaves = [leaf for leaf in table.leaves if order.leaves is None or leaf.name in order.leaves]
        self.bounds = [bound_of(leaf) for leaf in leaves]
        self.typed = {column.name: reads(column.type) for column in table.columns}
        self.portrait = order.portrait
        self.endless = endless(table)

    def plan(self) -> Plan:
        names = {column.name for column in self.columns}
        keys = [key for key in self.table.foreign_keys if names & set(key.columns)]
        filled = frozenset(name for key in keys for name in key.columns) - self._backed(keys)
        pools = {column.name: self._pool(column) for column in self.columns}
        identities = {column.name: self._identity(column, pools[column.name]) for column in self.columns}
        uniques = [Uniqueness(unique, self.table, identities) for unique in self.table.uniques]
        for unique in uniques:
            unique.learn(self.order.existing, lambda name, value: self.typed[name](value))
        references, pending = self._references(keys, uniques)
        spaced = self._spaced(filled)
        sources = {
            column.name: self._source(column, pools[column.name], uniques, spaced)
            for column in self.columns
            if column.name not in filled
        }
        plan = Plan(self.table, sources, references, pending, uniques, self.checks, pools, self.typed, self.bounds)
        plan.choices = [self._choices(bound, plan) for bound in self.bounds]
        plan.blanks = self._blanks(plan)
        return plan

    def _backed(self, keys: Sequence[ForeignKey]) -> frozenset[str]:
        """NOT NULL columns that keep a value of their own when every foreign key over them points nowhere."""
        nullable = {column.name for column in self.columns if column.nullable}
        needed = {name for key in keys if not nullable & set(key.columns) for name in key.columns}
        return frozenset(name for key in keys for name in key.columns) - nullable - needed

    def _identity(self, column: Column, pool: Pool) -> Callable[[str], Hashable]:
        if not column.folds:
            return pool.canonical
        return lambda value: "".join(char for char in value.casefold() if char.isascii())

    def _pool(self, column: Column) -> Pool:
        pool = self.pools.of(column.type, column.modifier)
        if pool is not None and column.type.kind == "a" and column.dimensions < 2:
            # The server would take them, but no application writes arrays of arrays to a column declared as a plain one.
            pool = pool.only(lambda value: not literals.is_matrix(value))
        if pool is None:
            if column.nullable:
                return Pool(())
            raise Impossible(f"no value of type {column.formatted} is known for {column.quoted}")
        if bottom(column.type)[0].name in ("timestamp", "timestamptz") and column.name != self.endless:
            pool = replace(pool, rare=())
        random = chance(self.order.seed, self.order.salt, self.table.name, column.name, "pool")
        if column.type.kind != "d":
            pool = self._painted(column, realistic(column, pool, random))
        elif column.type.element is not None:
            checks = [read(text) for text in column.type.checks]
            pool = (
                self.pools.restricted(self._domain(column, pool, random), column.type, checks, "value")
                if checks
                else self._painted(column, pool)
            )
        pool = pool.joined(self.order.wishes.get(column.name, ()))
        concerned = [c for c in (*self.checks, *self.bounds) if column.name in c.columns]
        if not concerned:
            return pool
        pool = applied(pool, column.type, self._alone(column, concerned), column.name, column.modifier)
        if any(len(condition.columns) > 1 for condition in concerned):
            pool = replace(pool, rare=())
        unread = [
            c for c in self.checks if c.columns == {column.name} and not c.readable(column.type, column.name, pool.values)
        ]
        if unread:
            pool = self.pools.restricted(pool, column.type, unread, column.name)
        if not pool.values and not column.nullable and column.name not in self.table.partition_key and not column.serial:
            raise Impossible(f"CHECK {next((c.text for c in concerned), '')} could not be satisfied for {column.quoted}")
        return pool

    def _domain(self, column: Column, pool: Pool, random: object) -> Pool:
        base = replace(column, type=bottom(column.type)[0], modifier=bottom(column.type, column.modifier)[1])
        likely = realistic(base, pool, chance(self.order.seed, self.table.name, column.name, "domain"))
        return self._painted(column, replace(likely, plausible=(*likely.plausible, *pool.plausible), nth=pool.nth))

    def _checked(self, column: Column) -> bool:
        """Whether a condition decides which values the column takes."""
        return any(column.name in c.columns for c in (*self.checks, *self.bounds)) or bool(column.type.checks)

    def _alone_unique(self, column: Column) -> bool:
        return any(u.predicate is None and [each.column for each in u.elements] == [column.name] for u in self.table.uniques)

    def _portrayed(self, column: Column) -> bool:
        """Whether the column's values follow the profile; numbers and what chooses a partition have rules of their own."""
        known = self.portrait is not None and column.name in self.portrait.columns
        return known and not column.serial and column.name not in self.table.partition_key

    def _painted(self, column: Column, pool: Pool) -> Pool:
        """The pool with values like those of the profile, if it describes the column."""
        checked = self._checked(column)
        if self.portrait is None or not self._portrayed(column) or (checked and self._alone_unique(column)):
            return pool
        random = chance(self.order.seed, self.order.salt, self.table.name, column.name, "painted")
        painted = self.portrait.painted(column, pool, random, checked=checked)
        if checked:  # in case that the conditions refuse all that the profile knows
            return replace(painted, plausible=tuple(dict.fromkeys((*painted.plausible, *pool.plausible))))
        if self._alone_unique(column):
            made, nth = painted.plausible, pool.nth
            return replace(painted, nth=lambda k: made[k] if k < len(made) else nth(k - len(made)) if nth else None)
        return painted

    def _blanks(self, plan: Plan) -> Blanks | None:
        """The NULLs that the profile asks for, where nothing but the column itself decides about them."""
        if self.portrait is None:
            return None
        units: dict[str, tuple[str, ...]] = {}
        for name, source in plan.sources.items():
            column = self.table.by_name[name]
            if column.nullable and self._portrayed(column) and not (isinstance(source, Distinct) and source.nulls == 1):
                units[name] = (name,)
        for reference in plan.references:
            names = [name for name in reference.optional if name in self.portrait.columns]
            if names and reference.blankable and not reference.own:
                reference.blanked = True
                units[names[0]] = reference.optional
        shares = {name: self.portrait.null_share(self.table.by_name[name]) for name in units}
        random = chance(self.order.seed, self.order.salt, self.table.name, "blanks")
        return Blanks(units, shares, self.portrait.table.null_groups, random)

    def _alone(self, column: Column, concerned: list[Condition]) -> list[Condition]:
        """The conditions that may narrow the column's pool: a partition's bound only hints, any other leaf takes the rest."""
        bounds = [replace(bound, columns=frozenset()) for bound in self.bounds if column.name in bound.columns]
        return [c for c in concerned if c not in self.bounds] + bounds

    def _references(
        self, keys: Sequence[ForeignKey], uniques: Sequence[Uniqueness]
    ) -> tuple[list[Reference], list[ForeignKey]]:
        references, pending = [], []
        for key in sorted(keys, key=lambda key: (key.parent == self.table.name, len(key.columns), key.name)):
            own = key.parent == self.table.name
            given = [] if own and not self.order.existing and self.order.only is None else self.keys(key)
            if given is None:
                pending.append(key)
                continue
            references.append(self._reference(key, given, uniques, own))
        return references, pending

    def _reference(self, key: ForeignKey, given: Sequence[Key], uniques: Sequence[Uniqueness], own: bool) -> Reference:
        unique = any(u.predicate is None and u.columns and set(u.columns) <= set(key.columns) for u in uniques) and not own
        random = chance(self.order.seed, self.order.salt, self.table.name, key.name)
        if unique:
            taken = {tuple(row[name] for name in key.columns) for row in self.order.existing}
            given = [each for each in given if each not in taken]
        given = self._usable(key, given)
        made = Reference(key, self.table, random, given, unique=unique, own=own)
        if self.portrait is not None:
            known = [self.table.by_name[name] for name in made.optional if name in self.portrait.columns]
            made.null_share = max(map(self.portrait.null_share, known), default=made.null_share)
        if not given and not own and not made.blankable:
            raise Impossible(f"it must refer to {key.parent}, which holds no row that is free and suits it")
        return made

    def _usable(self, key: ForeignKey, given: Sequence[Key]) -> Sequence[Key]:
        """The keys that no condition on the foreign key's columns alone refuses, and that these have room for."""
        columns = [self.table.by_name[name] for name in key.columns]
        given = [each for each in given if all(map(has_room, columns, each))]
        alone = [check for check in self.checks if check.columns and check.columns <= set(key.columns)]
        if not alone:
            return given

        def usable(values: Key) -> bool:
            row = dict(zip(key.columns, values, strict=True))
            return all(check.met(lambda name: self.typed[name](row[name])) is not False for check in alone)

        return [values for values in given if usable(values)]

    def _spaced(self, filled: frozenset[str]) -> Mapping[str, tuple[int, int]]:
        """Columns that an exclusion constraint keeps apart: (offset, stride) into their series."""
        found: dict[str, tuple[int, int]] = {}
        for unique in self.table.uniques:
            for element in unique.elements:
                if element.operator in (None, "="):
                    continue
                text = element.expression or ""
                names = [element.column] if element.column else [name for name in self.table.by_name if name in text]
                names = [name for name in names if name not in filled]
                for place, name in enumerate(sorted(names, key=text.find) if text else names):
                    found[name] = (place, len(names))
        return found

    def _source(
        self, column: Column, pool: Pool, uniques: Sequence[Uniqueness], spaced: Mapping[str, tuple[int, int]]
    ) -> Source:
        random = chance(self.order.seed, self.order.salt, self.table.name, column.name)
        if self.order.plain and pool.plausible:
            pool = replace(pool, adversarial=(), rare=())
        checked = any(column.name in c.columns for c in (*self.checks, *self.bounds))
        if column.serial and not checked:
            return Numbers(column.sequence, self.order.first.get(column.name))
        alone = [unique for unique in uniques if unique.single == column.name]
        if column.name in self.table.partition_key and checked:
            return Repeating(replace(pool, rare=()), random, nullable=column.nullable)
        if column.serial and checked:
            return self._numbered(column, pool)
        if column.name in spaced:
            return Distinct(pool, random, spaced=spaced[column.name], taken=self._taken(column, pool))
        portrayed = self.portrait if self._portrayed(column) else None
        if not alone and portrayed is not None:
            known, labels = portrayed.columns[column.name], bottom(column.type)[0].kind == "e"
            return Weighted(strata(known, pool, portrayed.values(column), labels=labels), random, nullable=column.nullable)
        if not alone:
            return (Plain if self.order.plain else Repeating)(pool, random, nullable=column.nullable)
        nulls = 0 if not column.nullable or self.order.plain else 1 if any(u.unique.nulls_equal for u in alone) else 2
        folds = [transform(element.expression or "") for u in alone for element in u.unique.elements if element.expression]
        identity = self._identity(column, pool)

        def canonical(value: str) -> Hashable:
            key = identity(value)
            for fold in folds:
                key = fold(key)
            return key

        pool = replace(pool, canonical=canonical if folds or column.folds else pool.canonical)
        if any(unique.unique.primary for unique in alone) and bottom(column.type)[0].name in ("int2", "int4", "int8"):
            # A key at the type's bound leaves no room for the sequence that a later revision may give it.
            pool = replace(pool, adversarial=())
        if portrayed is not None:
            nulls = 0 if nulls > 1 else nulls  # left to the profile
        share = ADVERSARIAL if portrayed is not None else ADVERSARIAL_SHARE
        return Distinct(pool, random, nulls=nulls, taken=self._taken(column, pool), share=share)

    def _numbered(self, column: Column, pool: Pool) -> Source:
        """A sequence's column under a condition: its numbers if they meet it, else numbers that do."""
        alone = [c for c in self.checks if c.columns == {column.name}]
        numbers = Numbers(column.sequence, self.order.first.get(column.name))
        likely = [self.typed[column.name](str(numbers.next + place * numbers.increment)) for place in (0, 1, 99)]
        if all(c.met(lambda _, v=v: v) is not False for c in alone for v in likely):  # type: ignore[misc]
            return numbers
        random = chance(self.order.seed, self.order.salt, self.table.name, column.name)
        positive = pool.only(lambda value: value.lstrip("-").isdigit() and 0 < int(value) < 2**31 - 1)
        return Distinct(replace(positive, adversarial=()), random, taken=self._taken(column, pool))

    def _taken(self, column: Column, pool: Pool) -> frozenset[Hashable]:
        values = (row.get(column.name) for row in self.order.existing)
        return frozenset(pool.canonical(value) for value in values if value is not None)

    def _choices(self, bound: Condition, plan: Plan) -> Mapping[str, tuple[str, ...]]:
        """For a leaf the values of each key column that its bound does not refuse by themselves."""
        found: dict[str, tuple[str, ...]] = {}
        for name in bound.columns & plan.pools.keys():
            read_value = self.typed[name]
            test = bound.test
            values = plan.pools[name].values
            found[name] = tuple(v for v in values if test is None or test(_only(name, read_value(v))) is not False)
        return found


def _only(name: str, cell: Value) -> Callable[[str], Value]:
    """A row of which only one column is known."""
    return lambda each: cell if each == name else UNKNOWN


def bound_of(leaf: Leaf) -> Condition:
    """A leaf's bound; the hash function is the server's, so columns that only it names are left free."""
    bound = read(leaf.bound or "true")
    if bound.node is None:
        return bound
    hashed = [node for node in bound.node.walk() if node.op == "call" and node.value == "satisfies_hash_partition"]
    if not hashed:
        return bound
    plain = [
        part for part in (bound.node.args if bound.node.op == "and" else ()) if not any(h in tuple(part.walk()) for h in hashed)
    ]
    return replace(bound, columns=frozenset(name for part in plain for name in part.columns))


def wishes(tables: Sequence[Table]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """For each table and column the values that conditions of referring tables name: their rows need parents that have them."""
    by_name = {table.name: table for table in tables}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for table in tables:
        checks = [read(check.expression) for check in table.checks] if table.foreign_keys else []
        for key in table.foreign_keys:
            parent = by_name.get(key.parent)
            for child, name in zip(key.columns, key.parent_columns, strict=True) if parent and checks else ():
                column = table.by_name[child]
                alone = [check for check in checks if check.columns == {child}]
                values = hints(alone, column.type, child, column.modifier)
                if values:
                    wanted = found.setdefault(key.parent, {})
                    wanted[name] = (*wanted.get(name, ()), *values)
    return found
