"""A source that gives the values of a profile as often as it has them, and a known small share of adversarial ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from migration_checks.profile.shapes import bucket_of
from migration_checks.profile.values import ColumnProfile, Shape
from migration_checks.seeding.blanks import apportioned
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.sources import Exhausted

ADVERSARIAL = 0.02
"""The share of the rows, NULL aside, that get adversarial values where seeding follows a profile."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Values that share a weight evenly."""

    weight: float
    values: Sequence[str]


class Weighted:
    """Draws from strata in proportion to their weights, however the rows are asked for; NULLs are put in later (blanks)."""

    distinct = False
    varied = True

    def __init__(self, strata: Sequence[Stratum], random: Random, *, nullable: bool) -> None:
        self.strata = [stratum for stratum in strata if stratum.values and stratum.weight > 0]
        self.random = random
        self.nullable = nullable
        self.limits = list(accumulate(stratum.weight for stratum in self.strata))
        self.given = [0] * len(self.strata)

    def draw(self, count: int) -> list[str | None]:
        if not self.strata:
            return [None] * count if self.nullable else []
        aims = apportioned([stratum.weight for stratum in self.strata], sum(self.given) + count)
        drawn: list[str | None] = []
        for place, (stratum, aim) in enumerate(zip(self.strata, aims, strict=True)):
            wanted = min(max(0, aim - self.given[place]), count - len(drawn))
            first = self.given[place] % len(stratum.values)
            turns = (first + wanted - 1) // len(stratum.values) + 1
            values = stratum.values if turns <= 1 else list(stratum.values) * turns
            drawn += values[first : first + wanted]
            self.given[place] += wanted
        while len(drawn) < count:  # rounding took from a stratum what it had been given before
            drawn.append(self.again_filled())
        self.random.shuffle(drawn)
        return drawn

    fresh = draw

    def again_filled(self) -> str:
        """A value by its weight."""
        stratum = self.random.choices(self.strata, cum_weights=self.limits)[0]
        return self.random.choice(stratum.values)

    def again(self) -> str | None:
        if self.nullable and (not self.strata or self.random.random() < 0.3):
            return None
        if not self.strata:
            raise Exhausted
        return self.again_filled()


def strata(known: ColumnProfile, pool: Pool, wanted: int, *, labels: bool) -> list[Stratum]:
    """How the values of `pool`, narrowed to what the column takes, share its rows.

    `wanted` is how many different values there should be. `labels` says that every value has to occur, as those of an enum do.
    """
    filled = 1 - known.null_fraction or 1.0
    plausible = set(pool.plausible)
    named = {each.value: each.fraction / filled for each in known.common if each.value is not None and each.value in plausible}
    made = [value for value in pool.plausible if value not in named][: max(0, wanted - len(named))]
    unnamed = [each.fraction / filled for each in known.common if each.value not in named]
    left = max(0.0, 1 - sum(named.values()))
    rest = _shaped(known.shape, named, made, left) if known.shape else [(left, made)]
    found = [Stratum(weight, (value,)) for value, weight in named.items()]
    found += _with_unnamed(rest, unnamed)
    used = {value for stratum in found for value in stratum.values if stratum.weight > 0}
    odd = list(dict.fromkeys([*(pool.plausible if labels else pool.hinted), *_few(pool.adversarial, wanted)]))
    odd = [value for value in odd if value not in used]
    share = ADVERSARIAL if used and odd else 1.0
    return [*(Stratum(each.weight * (1 - ADVERSARIAL), each.values) for each in found), Stratum(share, odd)]


def _few(adversarial: Sequence[str], wanted: int) -> Sequence[str]:
    """Adversarial values, but not so many that a column of few different values would have many."""
    return adversarial[: max(1, wanted // 10)]


def _shaped(shape: Shape, named: Mapping[str, float], made: Sequence[str], left: float) -> list[tuple[float, list[str]]]:
    """Made values by bucket, each with what the named values leave of the bucket's weight."""
    values: dict[tuple[float, float], list[str]] = {(each.low, each.high): [] for each in shape.buckets}
    weights = {(each.low, each.high): each.fraction for each in shape.buckets}
    for value in made:
        place = bucket_of(shape.kind, value)
        if place in values:
            values[place].append(value)
    for name, weight in named.items():
        place = bucket_of(shape.kind, name)
        if place in weights:
            weights[place] = max(0.0, weights[place] - weight)
    found = [(weights[place], each) for place, each in values.items() if each]
    total = sum(weight for weight, _ in found)
    if not total:
        return [(left, list(made))]
    return [(weight * left / total, each) for weight, each in found]


def _with_unnamed(rest: Sequence[tuple[float, list[str]]], unnamed: Sequence[float]) -> list[Stratum]:
    """The rest, with a value of its own for each frequency whose value is not known, from where there is most weight left."""
    weights = [weight for weight, _ in rest]
    values = [list(reversed(each)) for _, each in rest]
    found: list[Stratum] = []
    for weight in unnamed:
        full = [place for place, each in enumerate(values) if each]
        if full:
            place = max(full, key=lambda each: weights[each])
            found.append(Stratum(weight, (values[place].pop(),)))
            weights[place] = max(0.0, weights[place] - weight)
    return [*found, *(Stratum(weight, each[::-1]) for weight, each in zip(weights, values, strict=True) if each)]
