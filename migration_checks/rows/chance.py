"""Whether values found at a place were carried there, or only happen to be the same."""

from __future__ import annotations

from math import sqrt

_AGREEMENT = 0.5
_SIGMAS = 4.0


def carried(total: int, present: int, matched: int, expected: float) -> bool:
    """Whether `matched` of `total` values are at a place because they were carried there.

    `present` counts values whose row has anything at that place, `expected` the share of them that would match if the
    place's values were dealt out at random (the sum over values of their frequency here times their frequency there).

    A place that holds nothing but the right values was written from them. Otherwise agreement must go well beyond chance:
    by Cohen's kappa, or, for the few that were carried among many that were not, by four standard deviations.
    """
    if not matched:
        return False
    if matched in (total, present):
        return True
    if expected >= 1:
        return False
    share = matched / present
    if (share - expected) / (1 - expected) >= _AGREEMENT:
        return True
    surprise = matched - present * expected
    return surprise >= _SIGMAS * sqrt(present * expected * (1 - expected) + 1)
