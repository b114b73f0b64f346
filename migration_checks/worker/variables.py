"""Environment variables that keep drivers, and programs that a migration starts, at our database."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from migration_checks.worker.address import Address

WORKER_NAME = "migration-checks worker"
"""The application_name of every session that the worker, or a program that it starts, opens."""
DATABASE_VARIABLE = "MIGRATION_CHECKS_DATABASE"
_NOWHERE = "/nonexistent/migration-checks"
_LEADING = (
    "PGHOSTADDR",
    "PGSERVICE",
    "PGTARGETSESSIONATTRS",
    "PGREQUIRESSL",
    "PGSSLMODE",
    "PGLOADBALANCEHOSTS",
    "PGPASSWORD",
    "PGUSER",
)


def lead_libpq(environment: MutableMapping[str, str], address: Address | None) -> None:
    """Let libpq's variables in `environment` lead to `address`, or nowhere, and no service or password file elsewhere."""
    for name in _LEADING:
        environment.pop(name, None)
    nowhere = {"PGHOST": _NOWHERE, "PGPORT": "1", "PGDATABASE": "nowhere"}
    environment.update(nowhere if address is None else address.variables)
    environment.update(PGSERVICEFILE=_NOWHERE, PGSYSCONFDIR=_NOWHERE, PGPASSFILE=_NOWHERE, PGAPPNAME=WORKER_NAME)


def guard_children(environment: MutableMapping[str, str], url: str) -> None:
    """Let every Python program started with `environment` guard its connections too (see `children.sitecustomize`)."""
    folder = str(Path(__file__).parent / "children")
    others = [each for each in environment.get("PYTHONPATH", "").split(os.pathsep) if each and each != folder]
    environment["PYTHONPATH"] = os.pathsep.join([folder, *others])
    environment[DATABASE_VARIABLE] = url
