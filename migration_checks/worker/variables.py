"""libpq's environment variables: where they lead a driver, or a program, that is told nothing else."""

from __future__ import annotations

from collections.abc import MutableMapping

from migration_checks.worker.address import Address
from migration_checks.worker.wire import WORKER_NAME

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
