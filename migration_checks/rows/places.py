"""Places where a value may have gone: columns of a related row, and whatever documents and arrays in them hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from migration_checks.rows.mirrors import source
from migration_checks.rows.spelling import recognised, spelled
from migration_checks.rows.values import base, is_document, literal, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table

_PATHS = files("migration_checks.rows").joinpath("paths.sql").read_text()


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the row x: SQL of the value there, or, when it is one of `several`, of the text[] of all values there."""

    table: Table
    column: Column
    value: str
    several: bool = False
    within: bool = False
    written_by: str | None = None

    def holds(self, wanted: str) -> str:
        """SQL: whether the value `wanted` is here."""
        return f"{wanted} = ANY ({self.value})" if self.several else f"{wanted} = {self.value}"

    @property
    def filled(self) -> str:
        """SQL: whether anything is here."""
        return f"cardinality({self.value}) > 0" if self.several else f"{self.value} IS NOT NULL"

    @property
    def each(self) -> str:
        """SQL of a set: the values here."""
        return f"unnest({self.value})" if self.several else f"unnest(ARRAY[{self.value}])"


def places(shop: Workshop, table: Table, column: Column, written_by: str | None) -> Iterator[Place]:
    """The places that `column` of `table` offers."""
    value = f"x.{quoted(column.name)}"
    if is_document(column):
        # As one value first: inside, a string is its text and null is nothing, so that neither is recognised as a document.
        yield Place(table, column, spelled(shop, value, column), written_by=written_by)
        yield from _inside(shop, table, column, written_by)
    elif base(column).endswith("[]"):
        element = recognised(shop, "e")
        yield Place(table, column, spelled(shop, value, column), written_by=written_by)
        yield Place(table, column, f"ARRAY(SELECT {element} FROM unnest({value}::text[]) AS e)", True, True, written_by)
    else:
        yield Place(table, column, spelled(shop, value, column), written_by=written_by)


def _inside(shop: Workshop, table: Table, column: Column, written_by: str | None) -> Iterator[Place]:
    """A document as a whole, and every path in it."""
    value = f"x.{quoted(column.name)}"
    document = value if base(column) == "jsonb" else shop.cast(value, "text", "jsonb")
    shop.finish()
    for (path,) in shop.rows(_PATHS.format(value=document, relation=source(table))):
        found = f"jsonb_path_query({document}, {literal(path)}) AS e"
        if "[*]" in path:
            values = f"ARRAY(SELECT {_leaf(shop, 'e')} FROM {found} WHERE e <> 'null')"
            yield Place(table, column, values, True, True, written_by)
        else:
            yield Place(
                table, column, f"(SELECT {_leaf(shop, 'e')} FROM {found} WHERE e <> 'null' LIMIT 1)", False, True, written_by
            )


def _leaf(shop: Workshop, element: str) -> str:
    text = f"({element} #>> '{{}}')"
    return (
        f"CASE jsonb_typeof({element}) WHEN 'number' THEN trim_scale({text}::numeric)::text "
        f"WHEN 'string' THEN {recognised(shop, text)} ELSE {text} END"
    )
