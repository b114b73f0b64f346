"""What Alembic's autogenerate would still change, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

OWN_SCHEMA = "migration_checks_own"


def collect(context: MigrationContext, into: list[list[str]]) -> Sequence[Any]:
    """Append the differences to `into`, unless env.py offers no metadata; a `fn` for EnvironmentContext, without steps."""
    metadata = context.opts.get("target_metadata")
    if metadata is None:
        return ()
    context.opts["include_name"] = _without_own_schema(context.opts.get("include_name"))
    into.append([_line(each) for each in _flat(compare_metadata(context, metadata))])
    return ()


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
