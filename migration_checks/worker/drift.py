"""What Alembic's autogenerate would still change, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alembic.autogenerate import produce_migrations
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext

OWN_SCHEMA = "migration_checks_own"


def collect(context: MigrationContext, into: list[list[str]]) -> Sequence[Any]:
    """Append the differences to `into`, unless env.py offers no metadata; a `fn` for EnvironmentContext, without steps."""
    metadata = context.opts.get("target_metadata")
    if metadata is None:
        return ()
    context.opts["include_name"] = _without_own_schema(context.opts.get("include_name"))
    scripts = _processed(context, produce_migrations(context, metadata))
    found = (each for script in scripts for operations in script.upgrade_ops_list for each in operations.as_diffs())
    into.append(_lines(list(_flat(found))))
    return ()


def _processed(context: MigrationContext, script: MigrationScript) -> list[MigrationScript]:
    """What env.py's `process_revision_directives` leaves of it, as for `alembic check`; all of it where that fails here.

    Such a hook may count on being called by the command of that name.
    """
    hook = context.opts.get("process_revision_directives")
    if hook is None:
        return [script]
    kept = list(script.upgrade_ops.ops) if script.upgrade_ops else []
    directives = [script]
    try:
        hook(context, context.get_current_heads(), directives)
    except Exception:
        if script.upgrade_ops:
            script.upgrade_ops.ops[:] = kept
        return [script]
    return directives


def _without_own_schema(chosen: Callable[..., bool] | None) -> Callable[..., bool]:
    """env.py's own choice of names, and nothing of the schema where the toolkit keeps its mirrors."""

    def include(name: str | None, kind: str, parents: Any) -> bool:
        if OWN_SCHEMA in (name if kind == "schema" else None, parents.get("schema_name")):
            return False
        return chosen is None or chosen(name, kind, parents)

    return include


def _flat(found: Any) -> Iterator[tuple[Any, ...]]:
    """Differences of one column come as a list of tuples."""
    for each in found:
        if isinstance(each, list):
            yield from _flat(each)
        else:
            yield each


def _lines(found: list[tuple[Any, ...]]) -> list[str]:
    """Each difference once: what lies on a table that differs as a whole goes with it, and what differs is not two things."""
    tables = {(each[0].partition("_")[0], _table(each[1])) for each in found if each[0] in ("add_table", "remove_table")}
    lines: dict[tuple[Any, ...], str] = {}
    for each in found:
        action, _, what = each[0].partition("_")
        item = each[1]
        if what in _ON_TABLES and (action, _table(item.table)) in tables:
            continue
        name = (what, _table(item.table), str(item.name)) if what in _ON_TABLES and item.name else (len(lines),)
        lines[name] = _differs(what, item) if name in lines else _line(each)
    return list(lines.values())


_ON_TABLES = ("index", "constraint", "fk")


def _table(table: Any) -> tuple[str | None, str]:
    return table.schema, str(table.name)


def _differs(what: str, item: Any) -> str:
    """An index or constraint that autogenerate would drop and make again."""
    return f"{_WORDS.get(what, what)} {item.name} on {_name(item.table.schema, item.table.name)}: the models say otherwise"


def _line(difference: tuple[Any, ...]) -> str:
    """One difference as a sentence, from the database's point of view."""
    kind, *rest = difference
    if kind.startswith("modify_"):
        schema, table, column = rest[:3]
        facet = kind.removeprefix("modify_")
        return f"column {_name(schema, table, column)}: {facet} is {_text(rest[-2])}, the models say {_text(rest[-1])}"
    action, _, what = kind.partition("_")
    if action not in ("add", "remove") or not rest:
        return f"{kind} {_text(rest)}"
    there = "is in the models, not in the database" if action == "add" else "is in the database, not in the models"
    return f"{_WORDS.get(what, what.replace('_', ' '))} {_subject(what, rest)} {there}"


_WORDS = {"fk": "foreign key", "table_comment": "comment on table"}


def _subject(what: str, rest: list[Any]) -> str:
    if what == "column":
        schema, table, column = rest
        return _name(schema, table, column.name)
    item = rest[0]
    table = getattr(item, "table", None) if what in ("index", "constraint", "fk") else None
    if table is None:
        return _name(getattr(item, "schema", None), getattr(item, "name", None) or _text(item))
    columns = ", ".join(each.name for each in getattr(item, "columns", ()) if getattr(each, "name", None))
    return f"{item.name or '(unnamed)'} on {_name(table.schema, table.name)}" + (f" ({columns})" if columns else "")


def _name(*parts: Any) -> str:
    return ".".join(str(part) for part in parts if part is not None)


def _text(value: Any) -> str:
    argument = getattr(value, "arg", value)
    text = str(getattr(argument, "text", argument))
    return text if len(text) <= 200 else text[:199] + "…"
