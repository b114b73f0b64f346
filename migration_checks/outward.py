"""How a migration tried to leave its database: refused, or through the server itself, past every guard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_checks.environment import Outcome

_THROUGH_THE_SERVER = (
    (re.compile(r"\bdblink(?:_connect|_connect_u|_exec|_open|_send_query)?\s*\(", re.IGNORECASE), "dblink"),
    (re.compile(r"\bCREATE\s+SERVER\b|\bIMPORT\s+FOREIGN\s+SCHEMA\b", re.IGNORECASE), "a foreign server"),
    (re.compile(r"\bCREATE\s+SUBSCRIPTION\b", re.IGNORECASE), "a subscription"),
    (re.compile(r"\bCOPY\b.*\b(?:FROM|TO)\s+PROGRAM\s*(?:E?'|\$)", re.IGNORECASE | re.DOTALL), "COPY ... PROGRAM"),
)


def outward(outcome: Outcome) -> Iterator[str]:
    """One sentence for each way out that a step tried.

    Connections of the migration's own process are refused by the worker. What the server is asked to open itself no guard of
    that process sees: it is told here, from the statements, and for whoever reads the report to judge.
    """
    for refused in outcome.refused:
        yield f"The migration tried {refused.rstrip('.')}: it was refused."
    for pattern, what in _THROUGH_THE_SERVER:
        if any(pattern.search(statement.sql) for statement in outcome.statements):
            yield f"It lets the server itself reach elsewhere ({what}), where the toolkit's guard is not: that was not checked."
