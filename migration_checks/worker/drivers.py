"""SQLAlchemy and the drivers, bent towards our database as soon as they are imported."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from migration_checks.worker.address import parse_url
from migration_checks.worker.guard import Guard


def watch_imports(guard: Guard) -> None:
    """Bend SQLAlchemy, psycopg, psycopg2 and asyncpg towards `guard`, whenever they are imported.

    Drivers that open their sockets in Python (pg8000) are seen by the guard's audit hook.
    """
    patches = {name: functools.partial(patch, guard) for name, patch in _PATCHES.items()}
    for name in patches.keys() & sys.modules.keys():
        patches.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _AfterImport(patches))


class _AfterImport(MetaPathFinder):
    """Calls a function with a module as soon as that has been imported for the first time."""

    def __init__(self, patches: Mapping[str, Callable[[ModuleType], None]]) -> None:
        self._patches = dict(patches)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        patch = self._patches.pop(name, None)
        if patch is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            self._patches[name] = patch
            return spec
        execute = spec.loader.exec_module

        def execute_and_patch(module: ModuleType) -> None:
            execute(module)
            patch(module)

        spec.loader.exec_module = execute_and_patch  # type: ignore[method-assign]
        return spec


def _sqlalchemy(guard: Guard, module: Any) -> None:
    importlib.import_module("sqlalchemy.pool.base")
    guard.bend_sqlalchemy(module)


def _psycopg(guard: Guard, module: Any) -> None:
    """psycopg 3: the class methods, so that subclasses and psycopg_pool are bent as well."""
    for owner in (module.Connection, module.AsyncConnection):
        owner.connect = classmethod(_bent_psycopg(guard, module, owner.connect.__func__))
    module.connect = module.Connection.connect


def _bent_psycopg(guard: Guard, module: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def connect(cls: type, conninfo: str = "", **options: Any) -> Any:
        given = {**module.conninfo.conninfo_to_dict(conninfo), **options}
        return original(cls, **guard.raw("psycopg", given, given))

    return connect


def _psycopg2(guard: Guard, module: Any) -> None:
    original = module.connect

    @functools.wraps(original)
    def connect(dsn: str | None = None, connection_factory: Any = None, cursor_factory: Any = None, **options: Any) -> Any:
        given = {**(module.extensions.parse_dsn(dsn) if dsn else {}), **options}
        factories = {"connection_factory": connection_factory, "cursor_factory": cursor_factory}
        return original(None, **factories, **guard.raw("psycopg2", given, given))

    module.connect = connect


def _asyncpg(guard: Guard, module: Any) -> None:
    """asyncpg: create_pool calls connection.connect, so that is bent as well as the name at the top."""
    original = module.connection.connect

    @functools.wraps(original)
    async def connect(dsn: str | None = None, **options: Any) -> Any:
        named = {**(parse_url(dsn) if dsn else {}), **{name: value for name, value in options.items() if value is not None}}
        return await original(**guard.raw("asyncpg", named, options))

    module.connection.connect = module.connect = connect


_PATCHES: Mapping[str, Callable[[Guard, ModuleType], None]] = {
    "sqlalchemy": _sqlalchemy,
    "psycopg": _psycopg,
    "psycopg2": _psycopg2,
    "asyncpg": _asyncpg,
}
