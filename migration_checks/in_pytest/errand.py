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
from migration_checks.environment import Environment
from migration_checks.errors import ToolkitError
from migration_checks.in_pytest.arguments import lineages_of, settings_of
from migration_checks.renderers.escape import visible


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
        start, end = environment.resolve(settings.lineage.range)
        walked = environment.graph().between(start, end)
    revisions = [{"id": each.id, "path": each.path, "up": each.upgrade_line, "down": each.downgrade_line} for each in walked]
    return {"name": settings.lineage.name, "arguments": arguments, "revisions": revisions}


def _end_with_parent() -> None:
    """Wait for the lifeline's end: pytest was killed, and nobody will read the answer."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
