"""What a project says about its chain: where it is, which rows to seed, what must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # nobody waits for it who has no seeds
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Seed:
    """Rows for the schema of `revision` ("base" for the state before the first one).

    `fill(connection, rows, seed)` writes them: `connection` is an open SQLAlchemy connection in a transaction that the
    toolkit commits, `rows` the requested size of the seed's leading table, `seed` an int that alone decides the content.
    """

    revision: str
    fill: Callable[[sa.Connection, int, int], None]
    name: str = "seed"


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that holds at every place where it can be asked.

    `query` selects what contradicts it: no row means that it holds. It is asked wherever the relations and columns that it
    names exist; `since` and `until` narrow that to revisions at or above, and at or below. `falsified` marks it as a
    statement about a derived value (check MC308 instead of MC401).
    """

    name: str
    query: str
    since: str | None = None
    until: str | None = None
    falsified: bool = False


@dataclass(frozen=True, slots=True)
class Transformation:
    """A declared change of values: at `revision`, `column` ("schema.table.column") became `expression` over the old row.

    `expression` is SQL over the columns of the row as it was before; the toolkit verifies it row by row.
    """

    revision: str
    column: str
    expression: str


@dataclass(frozen=True, slots=True)
class Contract:
    """SQL that the application of `revisions` runs: it must succeed at each of them (checks MC402 and MC801)."""

    name: str
    statements: tuple[str, ...]
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """One Alembic chain and what is known of it. Paths may be relative to `root`.

    Give either `config` (an alembic.ini, or a pyproject.toml with [tool.alembic]) or `script_location` alone (then an
    env.py in it is run as `alembic` would with a configuration that names only that folder).
    `range` is Alembic's own START:END syntax, empty for everything. `synthesize` says whether tables that no seed fills
    are filled with synthesized rows. `x` are -x arguments, `env` environment variables, `sys_path` import roots and `boot`
    a "module:function" called before revision files are imported.
    """

    name: str
    root: Path = field(default_factory=Path.cwd)
    config: Path | None = None
    section: str = "alembic"
    script_location: Path | None = None
    range: str = ""
    seeds: tuple[Seed, ...] = ()
    synthesize: bool = True
    invariants: tuple[Invariant, ...] = ()
    transformations: tuple[Transformation, ...] = ()
    contracts: tuple[Contract, ...] = ()
    irreversible: frozenset[str] = frozenset()
    x: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    sys_path: tuple[Path, ...] = ()
    boot: str | None = None
    baseline_sql: Path | None = None
