"""The checks on what a lineage says must hold: invariants, derived values and application contracts (MC308, MC401, MC402)."""

from __future__ import annotations

from collections.abc import Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.transition import Leg, Transition

FALSIFIED, CONTRACT = "falsified:", "contract:"
"""How the names of answers begin where they are no plain invariants (migration_checks.questions)."""


def kind_of(name: str) -> str:
    """The prefix of an answer's name, "" for a plain invariant."""
    return next((prefix for prefix in (FALSIFIED, CONTRACT) if name.startswith(prefix)), "")


def _broken(transition: Transition, kind: str, sentence: str) -> Iterator[Evidence]:
    """Answers of `kind` that the leg turned bad: the state before did not give them, nor did the one it should end in.

    The rows that a trial writes promise nothing, so what they contradict after WRITES says nothing of the step.
    """
    if transition.failure or transition.leg is Leg.WRITES:
        return
    for name, contradiction in sorted(transition.after.answers.items()):
        if contradiction is not None and kind_of(name) == kind and not _known(transition, name):
            subject = name.removeprefix(kind)
            yield Evidence(
                subject, sentence.format(contradiction), {"answer": kind.removesuffix(":"), "contradiction": contradiction}
            )


def _known(transition: Transition, name: str) -> bool:
    places = filter(None, (transition.before, transition.baseline))
    return any(place.answers.get(name) is not None for place in places)


INVARIANTS = (
    Check(
        "MC308",
        "falsified-values",
        Severity.WARNING,
        "A derived value contradicts the row it came from",
        "Reports and decisions rest on values that look real and are not: they were guessed, defaulted or copied from "
        "another row.",
        "Derive the value from the row itself, or leave it NULL where the row does not tell; a default is a statement "
        "about every old row.",
        lambda transition: _broken(transition, FALSIFIED, "After this step derived values contradict their source: {}."),
    ),
    Check(
        "MC401",
        "invariant-broken",
        Severity.ERROR,
        "An invariant of the lineage does not hold after the step",
        "Something that the project says is always true of its data is false once this step has run.",
        "Look at the rows that the invariant's query returns, and correct the step; if the rule changed with this "
        "revision, give the invariant `since` or `until`.",
        lambda transition: _broken(transition, "", "The invariant held before this step; now these rows contradict it: {}."),
    ),
    Check(
        "MC402",
        "contract-broken",
        Severity.ERROR,
        "An application contract fails at a revision that it claims",
        "A statement that this release of the application sends is refused by the schema it is said to run on.",
        "Change the schema in a way that the running release tolerates (add first, remove a release later), or narrow the "
        "contract's `since` and `until` if the release never meets this revision.",
        lambda transition: _broken(transition, CONTRACT, "PostgreSQL refuses a statement of the contract: {}."),
    ),
)
