"""What one value means: the built-in type it is held under, its hash, its plain spelling, and when two values are the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from migration_checks.snapshot import Column

_NATIVE = frozenset(
    [
        "bool",
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "numeric",
        "money",
        "text",
        "varchar",
        "bpchar",
        "name",
        "char",
        "bytea",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "uuid",
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "bit",
        "varbit",
        "jsonb",
        "oid",
        "pg_lsn",
        "tsvector",
        "tsquery",
        "int4range",
        "int8range",
        "numrange",
        "daterange",
        "tsrange",
        "tstzrange",
        "int4multirange",
        "int8multirange",
        "nummultirange",
        "datemultirange",
        "tsmultirange",
        "tstzmultirange",
    ]
)
"""Types of pg_catalog whose `=` means equality. Not interval (a month "is" thirty days), json and xml (no `=`), nor the
geometric types (boxes of one area are "equal"): these, and all types that are not built in, are held as text."""

_TEXTS = frozenset(("text", "character varying", "character", "bpchar", "name", '"char"'))
_INTEGERS = frozenset(("smallint", "integer", "bigint", "oid"))
_NUMBERS = _INTEGERS | {"numeric", "real", "double precision"}
_MOMENTS = frozenset(("timestamp without time zone", "timestamp with time zone", "date"))
_SPELLED = frozenset(("uuid", "timestamp with time zone", "inet", "cidr", "macaddr", "macaddr8"))
"""Types whose many spellings in text mean one thing, so that parsing loses nothing of meaning."""

_LOOSE = frozenset(("real", "double precision", "jsonb", "character", "bpchar", "numrange", "nummultirange"))
"""Types with values that are equal but written differently (-0, 1.00 inside a document, padding)."""

Hash = Callable[[str, str], str]


def quoted(name: str) -> str:
    """`name` as an SQL identifier, always in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string constant (standard_conforming_strings is on)."""
    return "'" + text.replace("'", "''") + "'"


def stored_type(type: str, built_in: str | None, written: str) -> str:
    """The type under which a column's values are held: "" for the column's own type, when it is built in and comparable.

    `built_in` is the pg_catalog name of the type below all domains, None for a user-defined one; `written` how it is written.
    """
    if built_in is None or built_in.removeprefix("_") not in _NATIVE:
        return "text"
    return "" if written == type else written


def held(column: Column) -> str:
    """The full name of the type under which the values of `column` are held."""
    return column.stored or column.type


def base(column: Column) -> str:
    """`held` without length, precision or scale: "numeric" for numeric(10,2)."""
    return re.sub(r"\([\d,-]*\)", "", held(column))


def lowered(column: Column, row: str = "") -> str:
    """SQL for a value of the user's own table (alias `row`) as a mirror holds it: no user type, no user collation."""
    value = f"{row}.{quoted(column.name)}" if row else quoted(column.name)
    if column.stored:
        value += f"::{column.stored}"
    return f'{value} COLLATE "C"' if base(column).removesuffix("[]") in _TEXTS - {'"char"'} else value


def is_text(column: Column) -> bool:
    """Whether values are held as text of any kind."""
    return base(column) in _TEXTS


def is_number(column: Column) -> bool:
    """Whether values are numbers of any kind."""
    return base(column) in _NUMBERS


def is_integer(column: Column) -> bool:
    """Whether values are whole numbers."""
    return base(column) in _INTEGERS


def is_moment(column: Column) -> bool:
    """Whether values are dates or timestamps."""
    return base(column) in _MOMENTS


def is_document(column: Column) -> bool:
    """Whether the column itself is one of JSON."""
    return column.type in ("json", "jsonb")


def hashed(column: Column) -> tuple[str, Hash]:
    """The family of the hash of a column's values, and SQL that hashes a value with a seed.

    Hashes of one family agree for values that are written alike, so they may be held against each other across types.
    The seed enters non-linearly, unlike the way in which hash_record combines fields: that is what binds a value to its
    row. Each function keeps what its type's own `=` overlooks: scale of numeric, shape of arrays and documents.
    """
    type = base(column)
    if type.endswith("[]"):
        return type, lambda value, seed: f"hash_record_extended(ROW(array_send({value})), {seed})"
    if type in _INTEGERS:
        return "integer", lambda value, seed: f"hashint8extended({value}::bigint, {seed})"
    return type if type in _HASHES or type in _HASHABLE else "text", _HASHES.get(
        type, _generic if type in _HASHABLE else _as_text
    )


def _as_text(value: str, seed: str) -> str:
    return f"hashtextextended({value}::text, {seed})"


def _generic(value: str, seed: str) -> str:
    return f"CASE WHEN {value} IS NOT NULL THEN hash_record_extended(ROW({value}), {seed}) END"


def _padded(value: str, seed: str) -> str:
    return f"hashtextextended({value}::text, {seed}) # octet_length({value})"


def _sign_of_zero(value: str) -> str:
    return f"CASE WHEN {value} = 0 THEN hashtextextended({value}::text, 0) ELSE 0 END"


_HASHABLE = frozenset(
    [
        "bytea",
        "date",
        "timetz",
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "pg_lsn",
        "int4range",
        "int8range",
        "daterange",
        "tsrange",
        "tstzrange",
        "int4multirange",
        "int8multirange",
        "datemultirange",
        "tsmultirange",
        "tstzmultirange",
    ]
) | {"time with time zone"}

_HASHES: dict[str, Hash] = {
    "character": _padded,
    "bpchar": _padded,
    "boolean": lambda value, seed: f"hashint4extended({value}::int, {seed})",
    "numeric": lambda value, seed: f"hash_numeric_extended({value}, {seed}) # coalesce(scale({value}), 0)",
    "real": lambda value, seed: f"hashfloat4extended({value}, {seed}) # {_sign_of_zero(value)}",
    "double precision": lambda value, seed: f"hashfloat8extended({value}, {seed}) # {_sign_of_zero(value)}",
    "time without time zone": lambda value, seed: f"time_hash_extended({value}, {seed})",
    "timestamp without time zone": lambda value, seed: f"timestamp_hash_extended({value}, {seed})",
    "timestamp with time zone": lambda value, seed: f"timestamp_hash_extended({value} AT TIME ZONE 'UTC', {seed})",
    "uuid": lambda value, seed: f"uuid_hash_extended({value}, {seed})",
}


def plain(value: str, column: Column) -> str:
    """SQL for the text of a value in one spelling a meaning: 5, 5.0 and '5' alike, jsonb in its own order.

    NULL stays NULL. Text is left as it is.
    """
    type = base(column)
    if type == "numeric":
        return f"trim_scale({value})::text"
    if type in ("real", "double precision"):
        return f"({value} + 0)::text"  # -0 becomes 0
    return value if type == "text" else f"{value}::text"


@dataclass(frozen=True, slots=True)
class Meaning:
    """SQL conditions on a pair of values: `equal` in meaning (never NULL), and equal but `reworded` (None: cannot be)."""

    equal: str
    reworded: str | None


def same_meaning(before: str, after: str, left: Column, right: Column, cast: Callable[[str, str, str], str]) -> Meaning:
    """When the value `before` of column `left` means the same as the value `after` of `right`.

    `cast(value, source, target)` gives SQL for a cast that yields NULL where the value does not fit.
    """
    if is_document(left) or is_document(right):
        return _documents(before, after, left, right, cast)
    if is_text(left) and is_text(right):
        return _texts(before, after, left, right)
    if base(left) == base(right):
        return _alike(before, after, base(left))
    return _converted(before, after, left, right, cast)


def _alike(before: str, after: str, type: str) -> Meaning:
    equal = f"{before} IS NOT DISTINCT FROM {after}"
    if type == "numeric":
        return Meaning(equal, f"scale({before}) IS DISTINCT FROM scale({after})")
    element = type.removesuffix("[]")
    if element in _LOOSE or (element == "numeric"):
        return Meaning(equal, f"{before}::text IS DISTINCT FROM {after}::text")
    return Meaning(equal, None)


def _texts(before: str, after: str, left: Column, right: Column) -> Meaning:
    equal = f"{before}::text IS NOT DISTINCT FROM {after}::text"
    if {base(left), base(right)} & {"character", "bpchar"}:
        return Meaning(equal, f"octet_length({before}) IS DISTINCT FROM octet_length({after})")
    return Meaning(equal, None)


def _documents(before: str, after: str, left: Column, right: Column, cast: Callable[[str, str, str], str]) -> Meaning:
    """Key order and blanks of JSON carry no meaning; a string that became a JSON string of the same text kept its own."""
    if base(left) == base(right) == "jsonb":
        return _alike(before, after, "jsonb")
    parsed = [
        value if base(column) == "jsonb" else cast(f"{value}::text", "text", "jsonb")
        for value, column in ((before, left), (after, right))
    ]
    alike = [f"{parsed[0]} = {parsed[1]}"]
    if is_text(left) and not is_document(left) and base(right) == "jsonb":
        alike.append(f"to_jsonb({before}::text) = {after}")
    if is_text(right) and not is_document(right) and base(left) == "jsonb":
        alike.append(f"to_jsonb({after}::text) = {before}")
    return _by_text(before, after, " OR ".join(alike))


def _converted(before: str, after: str, left: Column, right: Column, cast: Callable[[str, str, str], str]) -> Meaning:
    """Another type means the same when the conversion can be taken back without loss."""
    forth = f"{cast(before, held(left), held(right))} = {after}"
    back = f"{cast(after, held(right), held(left))} = {before}"
    if is_text(left) and base(right) in _SPELLED:
        condition = forth
    elif is_text(right) and base(left) in _SPELLED:
        condition = back
    else:
        condition = f"{forth} AND {back}"
    if is_number(left) and is_number(right):
        condition = f"{before}::text::numeric = {after}::text::numeric OR {condition}"
    return _by_text(before, after, condition)


def _by_text(before: str, after: str, otherwise: str) -> Meaning:
    equal = (
        f"CASE WHEN {before} IS NULL OR {after} IS NULL THEN {before} IS NULL AND {after} IS NULL "
        f"WHEN {before}::text = {after}::text THEN true ELSE coalesce({otherwise}, false) END"
    )
    return Meaning(equal, f"{before}::text IS DISTINCT FROM {after}::text")
