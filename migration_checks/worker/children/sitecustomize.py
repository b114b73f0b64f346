"""Guards the connections of a Python program that a migration started; Python imports it by this name when it starts.

It is first on PYTHONPATH there, so it also runs the sitecustomize that it hides.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def _guard(url: str) -> None:
    home = str(_HERE.parents[2])
    sys.path.append(home)
    try:
        from migration_checks.worker.address import Address
        from migration_checks.worker.drivers import watch_imports
        from migration_checks.worker.guard import Guard
    finally:
        sys.path.remove(home)
    guard = Guard()
    guard.point_at(Address.of(url))
    guard.install()
    watch_imports(guard)


def _run_hidden() -> None:
    paths = [each for each in sys.path if Path(each).resolve() != _HERE]
    spec = PathFinder.find_spec("sitecustomize", paths)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


if "MIGRATION_CHECKS_DATABASE" in os.environ:
    # Another Python than ours may not be able to import the guard; libpq's variables lead it here all the same.
    with suppress(ImportError, SyntaxError):
        _guard(os.environ["MIGRATION_CHECKS_DATABASE"])
_run_hidden()
