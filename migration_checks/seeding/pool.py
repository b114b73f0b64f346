"""A pool is where a column's values come from: plausible, adversarial and rare ones, and as many distinct ones as it can."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from random import Random


def same(value: str) -> Hashable:
    """The identity of a value whose type compares by its text."""
    return value


@dataclass(frozen=True, slots=True)
class Pool:
    """Values as text that PostgreSQL reads.

    `rare` values appear in one row each at most. `nth(k)`, k from 0, gives values that differ from one another and from the
    rest of the pool, ascending where `ascending` says so, and None beyond the type's capacity. `canonical` maps a value to
    what decides its equality. `hinted` are those of the plausible ones that a condition names.
    """

    plausible: tuple[str, ...]
    adversarial: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    nth: Callable[[int], str | None] | None = None
    canonical: Callable[[str], Hashable] = same
    ascending: bool = False
    hinted: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """Every value but those of `nth`, without repetition."""
        return tuple(dict.fromkeys((*self.plausible, *self.adversarial, *self.rare)))

    def only(self, keep: Callable[[str], bool]) -> Pool:
        """The pool without the values that `keep` refuses; `nth` skips nothing."""
        kept = [tuple(value for value in values if keep(value)) for values in self._parts()]
        return replace(self, plausible=kept[0], adversarial=kept[1], rare=kept[2], hinted=kept[3])

    def _parts(self) -> tuple[tuple[str, ...], ...]:
        return self.plausible, self.adversarial, self.rare, self.hinted

    def joined(self, values: Iterable[str]) -> Pool:
        """The pool with `values`, which a condition names, among its plausible ones."""
        hinted = tuple(dict.fromkeys((*self.hinted, *values)))
        return replace(self, plausible=tuple(dict.fromkeys((*self.plausible, *hinted))), hinted=hinted)


def chance(seed: int, *names: str) -> Random:
    """A generator that the seed and the names alone decide, on every machine."""
    text = "\x00".join((str(seed), *names))
    return Random(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big"))
