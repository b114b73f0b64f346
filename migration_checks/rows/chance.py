"""Whether values found at a place were carried there, or only happen to be the same."""

from __future__ import annotations

from math import sqrt

FEW = 4
"""Values that are so few may all be at a place by chance."""

_UNLIKELY = 0.01
_AGREEMENT = 0.5
_SIGMAS = 4.0


def carried(total: int, present: int, matched: int, expected: float) -> bool:
    """Whether `matched` of `total` values are at a place because they were carried there.

    `present` counts values whose row has anything at that place, `expected` the share of them that would match if the
    place's values were dealt out at random (the sum over values of their frequency here times their frequency there).

    A place that holds nothing but the right values was written from them, unless they are few among many that are not there.
    Otherwise agreement must go well beyond chance: by Cohen's kappa, or, for the few that were carried among many that were
    not, by four standard deviations.
    """
    if not matched:
        return False
    if matched == total or (matched == present and matched >= FEW):
        return True
    if expected >= 1 or (matched < FEW and likely(expected, matched)):
        return False
    share = matched / present
    if (share - expected) / (1 - expected) >= _AGREEMENT:
        return True
    surprise = matched - present * expected
    return surprise >= _SIGMAS * sqrt(present * expected * (1 - expected) + 1)


def likely(share: float, times: int) -> bool:
    """Whether that happens now and then by chance: so many values at a place, where each would be in such a share of cases."""
    return share**times > _UNLIKELY
