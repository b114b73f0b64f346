"""Chains that carry many plants at once, each on tables of its own, so that every finding can be told whose it is."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.matrix.plant import Place, Plant
from tests.matrix.rows import ROWS
from tests.matrix.schema import SCHEMA
from tests.matrix.values import VALUES
from tests.projects import Script

KINDS: tuple[str, ...] = (
    *(kind.name for kind in VALUES),
    *ROWS,
    *(kind.name for kind in SCHEMA),
)


def token(kind: str) -> str:
    """What all names of a kind begin with."""
    return f"k{KINDS.index(kind):03d}"


def planted(kind: str, seed: int) -> Plant:
    """The plant of a kind on a table whose shape `seed` draws."""
    dice = random.Random(f"{kind} {seed}")
    for each in VALUES:
        if each.name == kind:
            return each.plant(token(kind), dice)
    if kind in ROWS:
        return ROWS[kind](token(kind), dice)
    return next(each for each in SCHEMA if each.name == kind).plant(token(kind))


def body(statements: Sequence[str], otherwise: Sequence[str] = ()) -> str:
    """A function body that runs `statements`; where `otherwise` is given, those from the second run on."""
    if not otherwise:
        return f"run({list(statements)!r})"
    return f"RUNS.append(1)\nrun({list(statements)!r} if len(RUNS) == 1 else {list(otherwise)!r})"


STRUCK = "b1"
"""The revision that carries the plants, and is faulty where they strike."""

HEAD = """
RUNS = []

def run(statements):
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
"""


def chain(plants: Sequence[Plant], place: Place | None, seed: int) -> list[Script]:
    """Two to four revisions with `plants`, faulty at `place` (None: healthy)."""
    dice = random.Random(seed)
    create = [each for plant in plants for each in plant.create]
    drop = [each for plant in reversed(plants) for each in plant.drop]
    scripts = [Script("a1", upgrade=body(create), downgrade=body(drop), head=HEAD)]
    if dice.random() < 0.5:
        scripts.append(_aside("a2", "a1"))
    up = [each for plant in plants for each in ((place is Place.UP and plant.bad(place)) or plant.up)]
    down = [each for plant in reversed(plants) for each in ((place is Place.DOWN and plant.bad(place)) or plant.down)]
    again = [each for plant in plants for each in plant.bad(Place.AGAIN) or plant.up] if place is Place.AGAIN else []
    scripts.append(Script(STRUCK, scripts[-1].id, body(up, again), body(down), head=HEAD))
    if dice.random() < 0.5:
        scripts.append(_aside("c1", STRUCK))
    return scripts


def _aside(name: str, below: str) -> Script:
    """A healthy revision that has nothing to do with any plant."""
    create = [f"CREATE TABLE aside_{name} (id int PRIMARY KEY, note text)"]
    return Script(name, below, body(create), body([f"DROP TABLE aside_{name}"]), head=HEAD)
