"""The process that reads or walks a chain for pytest: nothing that tests patch, import or configure reaches it.

Run as `python -m migration_checks.in_pytest.errand ORDER`, where ORDER is a JSON file: `do` ("chains" or "walk"), `arguments`
and `answer`, the file to write. Standard input is its lifeline: when that ends, so does the process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from migration_checks.cli import main as command_line
from migration_checks.config import Settings
from migration_checks.environment import Environment
from migration_checks.errors import ConfigurationError, ToolkitError
from migration_checks.graph import Revision
from migration_checks.in_pytest.arguments import lineages_of, settings_of
from migration_checks.in_pytest.outcomes import EACH, of_trials
from migration_checks.renderers.escape import visible
from migration_checks.since import difference


def main(path: str) -> int:
    """Do what the order at `path` says; 2 with one sentence on standard error where that cannot be done."""
    order = json.loads(Path(path).read_text(encoding="utf-8"))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answer = Path(order["answer"])
    if order["do"] == "walk":
        return command_line(["verify", *order["arguments"], "--report", f"json={answer}"])
    try:
        answer.write_text(json.dumps(chains(order["arguments"], Path.cwd())), encoding="utf-8")
    except ToolkitError as error:
        print(f"migration-checks: {visible(str(error))}", file=sys.stderr)
        return error.exit_status
    return 0


def chains(arguments: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """The chains that `arguments` mean, each with its name, its own arguments and the revisions to walk, parents first."""
    return [_chain(each, folder) for each in lineages_of(arguments, folder)]


def _chain(arguments: list[str], folder: Path) -> dict[str, Any]:
    settings = settings_of(arguments, folder)
    with Environment(settings.lineage, timeout=settings.timeout or None) as environment:
        walked = _to_walk(settings, environment)
    revisions = [{"id": each.id, "path": each.path, "up": each.upgrade_line, "down": each.downgrade_line} for each in walked]
    legs = [str(leg) for leg in (*EACH, *of_trials(settings.trials))]
    return {"name": settings.lineage.name, "arguments": arguments, "legs": legs, "revisions": revisions}


def _to_walk(settings: Settings, environment: Environment) -> tuple[Revision, ...]:
    """The revisions of the range, or those that a branch changed. Raises ConfigurationError where a range has none."""
    graph = environment.graph()
    if settings.since is not None:
        changed = difference(settings.since, graph.revisions).changed
        return tuple(each for each in graph.revisions if each.id in changed)
    start, end = environment.resolve(settings.lineage.range)
    walked = graph.between(start, end)
    if not walked:
        raise ConfigurationError(
            f"{settings.lineage.name} has no revision to walk.",
            "Look at script_location and version_locations, and at the range.",
        )
    return walked


def _end_with_parent() -> None:
    """Wait for the lifeline's end: pytest was killed, and nobody will read the answer."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
