"""Sources give a column its values: numbers from a sequence, values from a pool, distinct or repeating."""

from __future__ import annotations

from collections.abc import Hashable
from random import Random
from typing import Protocol

from migration_checks.seeding.pool import Pool, same
from migration_checks.seeding.schema import Sequence

ADVERSARIAL_SHARE = 0.3
NULL_SHARE = 0.12
FAR = 200_000
EARLY = 10
"""Within how many rows a column repeats a value: a table may end up with no more of them."""
FEW = 16
"""So many plausible values, or fewer, are all that a column has."""


class Source(Protocol):
    """Where the values of one column come from."""

    @property
    def distinct(self) -> bool:
        """Whether no value comes twice."""
        ...

    @property
    def varied(self) -> bool:
        """Whether a long column wants more than its first values over again."""
        ...

    def draw(self, count: int) -> list[str | None]:
        """Values for `count` rows, fewer when there are no more."""
        ...

    def fresh(self, count: int) -> list[str | None]:
        """Values for further rows, as fast as can be; fewer when there are no more."""
        ...

    def again(self) -> str | None:
        """Another value for a row whose last one was refused; raises Exhausted."""
        ...


class Exhausted(Exception):
    """A source has no other value."""


_GAP = 11
_FIRST_GAP = 7
"""One number in so many is left out, the first of them after so many."""


class Numbers:
    """The numbers that a sequence would have handed out, from its start or from `first` on; some of their rows are gone.

    Without gaps, keys that a downgrade deals out anew would be those that an upgrade dropped, as they are nowhere else.
    """

    distinct = True
    varied = True

    def __init__(self, sequence: Sequence | None, first: int | None = None) -> None:
        self.increment = sequence.increment if sequence else 1
        self.next = first if first is not None else sequence.start if sequence else 1
        self.place = 0
        self.end = (sequence.maximum if self.increment > 0 else sequence.minimum) if sequence else 2**31 - 1

    def draw(self, count: int) -> list[str | None]:
        numbers: list[str | None] = []
        while len(numbers) < count and (self.end - self.next) * self.increment >= 0:
            run = self._run(count - len(numbers))
            numbers += map(str, run)
            self.next = run[-1] + self.increment
            if self.place % _GAP == _FIRST_GAP and self._has_room(count):
                self.place, self.next = self.place + 1, self.next + self.increment
        return numbers

    def _run(self, most: int) -> range:
        """The numbers up to the next gap, at most so many, and none that the sequence would not have."""
        until = (_FIRST_GAP - self.place) % _GAP or _GAP
        left = (self.end - self.next) // self.increment + 1
        length = min(most, until, left)
        self.place += length
        return range(self.next, self.next + length * self.increment, self.increment)

    def _has_room(self, rows: int) -> bool:
        """Whether there are so many numbers that none is missed: there are some to spare, after all the rows."""
        return (self.end - self.next) // self.increment > 2 * rows

    fresh = draw

    def again(self) -> str | None:
        drawn = self.draw(1)
        if not drawn:
            raise Exhausted
        return drawn[0]


class Repeating:
    """Values of a pool, most of them plausible, a known share adversarial or NULL, every one of them if rows suffice.

    Among the first rows a value comes twice, whatever their number.
    """

    distinct = False
    varied = False

    def __init__(self, pool: Pool, random: Random, *, nullable: bool) -> None:
        self.pool = pool
        self.random = random
        self.nullable = nullable
        self.common = pool.plausible or pool.adversarial or pool.rare
        self.odd = pool.adversarial or self.common

    def usual(self) -> str:
        """A plausible value."""
        return self.random.choice(self.common)

    def draw(self, count: int) -> list[str | None]:
        if not self.common:
            return [None] * count if self.nullable else []
        drawn: list[str | None] = []
        if self.nullable and count > 1:
            drawn += [None] * max(1, int(count * NULL_SHARE))
        drawn += self.pool.adversarial[: max(1, int(count * ADVERSARIAL_SHARE))] if self.pool.plausible else []
        drawn += self.pool.rare[: max(0, (count - len(drawn)) // 8)]
        drawn = drawn[: max(count - 1, 0)] if count <= len(drawn) else drawn
        left = count - len(drawn)
        usual = self.random.sample(self.common, min(left, len(self.common)))
        usual += self.random.choices(self.common, k=left - len(usual))
        twins = usual[:1] * 2 if left > 2 else []
        drawn += usual[len(twins) :]
        self.random.shuffle(drawn)
        for twin in twins:
            drawn.insert(self.random.randrange(min(EARLY - 1, len(drawn) + 1)), twin)
        return drawn

    def fresh(self, count: int) -> list[str | None]:
        values: list[str | None] = [*self.common, *self.pool.adversarial[: len(self.common) // 3]]
        return self.random.choices(values, k=count) if self.common else [None] * count

    def again(self) -> str | None:
        turn = self.random.random()
        if self.nullable and (turn < 0.4 or not self.common):
            return None
        if not self.common:
            raise Exhausted
        if self.pool.hinted and turn < 0.75:
            return self.random.choice(self.pool.hinted)
        return self.random.choice(self.odd if turn > 0.93 else self.common)


class Plain(Repeating):
    """Plausible values of a pool, as different as they can be, and NULL only where a rule asks for it."""

    varied = True

    def __init__(self, pool: Pool, random: Random, *, nullable: bool) -> None:
        super().__init__(pool, random, nullable=nullable)
        self.odd = self.common
        # A status has few values, which any number of rows share; a name goes on with the pool's endless series.
        self.series = pool.nth if len(self.common) > FEW else None
        self.place = 0

    def draw(self, count: int) -> list[str | None]:
        if not self.common:
            return super().draw(count)
        drawn: list[str | None] = [*self.random.sample(self.common, min(count, len(self.common)))]
        return drawn + self.fresh(count - len(drawn))

    def fresh(self, count: int) -> list[str | None]:
        drawn: list[str | None] = []
        while self.series is not None and len(drawn) < count:
            value = self.series(self.place)
            self.place += 1
            if value is None:
                self.series = None
            else:
                drawn.append(value)
        left = count - len(drawn)
        return drawn + (self.random.choices(self.common, k=left) if self.common else [None] * left)


class Distinct:
    """Values of a pool, none twice by what decides their equality; then the pool's endless series.

    `spaced` leaves out all but every `stride`-th of the series from `offset` on: values that exclusion constraints keep apart.
    """

    distinct = True
    varied = True

    def __init__(
        self,
        pool: Pool,
        random: Random,
        *,
        nulls: int = 0,
        taken: frozenset[Hashable] = frozenset(),
        spaced: tuple[int, int] | None = None,
        share: float = ADVERSARIAL_SHARE,
    ) -> None:
        self.share = share
        self.pool = pool
        self.random = random
        self.nulls = nulls
        self.offset, self.stride = spaced or (0, 1)
        self.spaced = spaced is not None
        self.used: set[Hashable] = set(taken)
        # Of a table that is too large to be read whole, no key is known to be free: start far from those that were read.
        self.place = 10_000_000 if len(self.used) >= FAR else 0

    def _series(self) -> str | None:
        """The next value of the endless series that was not used."""
        while self.pool.nth is not None:
            value = self.pool.nth(self.place * self.stride + self.offset)
            self.place += 1
            if value is None:
                return None
            identity = self.pool.canonical(value)
            if identity not in self.used:
                self.used.add(identity)
                return value
        return None

    def _picked(self, values: tuple[str, ...], count: int) -> list[str]:
        picked: list[str] = []
        for value in values:
            if len(picked) >= count:
                break
            identity = self.pool.canonical(value)
            if identity not in self.used:
                self.used.add(identity)
                picked.append(value)
        return picked

    def draw(self, count: int) -> list[str | None]:
        drawn: list[str | None] = [None] * (
            max(1, int(count * NULL_SHARE)) if self.nulls > 1 and count > 1 else min(self.nulls, count - 1)
        )
        if not self.spaced:
            drawn += self._picked(self.pool.adversarial, int(count * self.share))
            drawn += self._picked(self.pool.rare, (count - len(drawn)) // 8)
            left = count - len(drawn)
            drawn += self._picked(tuple(self.random.sample(self.pool.plausible, len(self.pool.plausible))), left)
        drawn += self.fresh(count - len(drawn))
        if len(drawn) < count and not self.spaced:
            drawn += self._picked(self.pool.values, count - len(drawn))
        if len(drawn) < count and self.nulls > 1:
            drawn += [None] * (count - len(drawn))
        if not self.spaced:
            self.random.shuffle(drawn)
        return drawn

    def fresh(self, count: int) -> list[str | None]:
        values: list[str | None] = []
        nth, used, canonical = self.pool.nth, self.used, self.pool.canonical
        while nth is not None and len(values) < count:
            value = nth(self.place * self.stride + self.offset)
            self.place += 1
            if value is None:
                break
            identity = value if canonical is same else canonical(value)
            if identity not in used:
                used.add(identity)
                values.append(value)
        return values

    def again(self) -> str | None:
        value = self._series()
        if value is not None:
            return value
        if self.nulls > 1:
            return None
        picked = self._picked(self.pool.values, 1)
        if not picked:
            raise Exhausted
        return picked[0]
