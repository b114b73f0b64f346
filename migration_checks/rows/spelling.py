"""One spelling a value, whatever the type that carries it: what makes a value recognisable where it went."""

from __future__ import annotations

from migration_checks.rows.values import base, is_document, is_moment, is_number, plain
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column

_DECIMAL = r"^-?[0-9]+\.[0-9]+$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}"
_UUID = r"^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$"


def spelled(shop: Workshop, value: str, column: Column) -> str:
    """SQL for the text by which a value is recognised elsewhere: 5, 5.0 and '5' alike, arrays as JSON, moments in UTC."""
    if is_document(column):
        return f"coalesce({shop.cast(f'{value}::text', 'text', 'jsonb')}::text, {value}::text)"
    if base(column).endswith("[]"):
        return f"to_jsonb({value})::text"
    if is_number(column):
        return plain(value, column)
    if is_moment(column) and base(column) != "date":
        return f"{value}::timestamptz::text"
    if base(column) in ("text", "character varying", "character", "bpchar", "name"):
        return recognised(shop, f"{value}::text")
    return f"{value}::text"


def recognised(shop: Workshop, text: str) -> str:
    """SQL for text in the spelling that `spelled` gives the number, the moment or the uuid that it may be.

    A glance at its length and signs spares most text the regular expressions.
    """
    moment = shop.cast(text, "text", "timestamp with time zone")
    return (
        f"CASE WHEN strpos({text}, '.') > 0 AND {text} ~ '{_DECIMAL}' THEN trim_scale(({text})::numeric)::text "
        f"WHEN substr({text}, 5, 1) = '-' AND {text} ~ '{_MOMENT}' THEN coalesce({moment}::text, {text}) "
        f"WHEN length({text}) IN (32, 36) AND {text} ~ '{_UUID}' THEN ({text})::uuid::text ELSE {text} END"
    )
