"""Removing the containers of a run, also of one that can no longer do it itself: a guard runs this as a script.

docker is imported where it is needed: it costs 0.15 s, and most runs meet no container.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from pathlib import Path
from typing import Any

DIRECTORY_LABEL = "migration-checks.directory"
HOST_LABEL = "migration-checks.host"


def labels(directory: Path) -> dict[str, str]:
    """What marks a container as belonging to the run that owns `directory` on this machine."""
    return {DIRECTORY_LABEL: str(directory), HOST_LABEL: socket.gethostname()}


def remove(directory: Path) -> None:
    """Remove the containers of a run, with their volumes. Raises docker.errors.DockerException without an engine."""
    for container in _ours(f"{DIRECTORY_LABEL}={directory}"):
        _remove(container)


def sweep() -> None:
    """Remove containers whose run's directory is gone: it is the last thing that a run gives up."""
    for container in _ours(DIRECTORY_LABEL):
        if not Path(container.labels[DIRECTORY_LABEL]).exists():
            _remove(container)


def _ours(label: str) -> list[Any]:
    import docker  # type: ignore[import-untyped]

    engine = docker.from_env(timeout=30)
    return list(
        engine.containers.list(
            all=True, ignore_removed=True, filters={"label": [label, f"{HOST_LABEL}={socket.gethostname()}"]}
        )
    )


def _remove(container: Any) -> None:
    import docker.errors  # type: ignore[import-untyped]

    with contextlib.suppress(docker.errors.NotFound, docker.errors.APIError):  # somebody else may be removing it too
        container.remove(force=True, v=True)


if __name__ == "__main__":
    remove(Path(sys.argv[1]))
