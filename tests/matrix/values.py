"""Kinds of corruption of single values: a type, what becomes of a value, and of which values."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.matrix.plant import Plant
from tests.matrix.shapes import Carried, draw_carried, draw_shape


@dataclass(frozen=True)
class ValueKind:
    """`change` is SQL of the corrupted value {v}, `where` selects whom it strikes, `one` confines that to a single row."""

    name: str
    type: str
    change: str
    where: str
    one: bool = False
    chance: bool = False
    """Whether the new value is drawn at run time, so that only the way up and back can be held against anything."""
    declare: str = ""

    def strike(self, table: str, column: str) -> str:
        """The corrupting statement."""
        where = self.where.format(v=column)
        if self.one:
            first = f"SELECT ctid FROM {table} WHERE {where} ORDER BY {column}::text, {table}::text LIMIT 1"
            where = f"ctid = ({first})"
        return f"UPDATE {table} SET {column} = {self.change.format(v=column)} WHERE {where}"

    def plant(self, token: str, dice: random.Random) -> Plant:
        """A random table whose column is carried in a random way, and corrupted."""
        type = self.type.format(token=token)
        shape = draw_shape(dice, token, type)
        carried = draw_carried(dice, shape)
        created = (self.declare.format(token=token),) if self.declare else ()
        return struck(
            token,
            carried,
            (*created, shape.create),
            (f"DROP TABLE {shape.table}", *((f"DROP TYPE {type}",) if self.declare else ())),
            self.strike(carried.table, carried.column),
            self.strike(shape.table, shape.column),
            again=not self.chance,
        )


def struck(
    token: str, carried: Carried, create: tuple[str, ...], drop: tuple[str, ...], above: str, below: str, *, again: bool = True
) -> Plant:
    """A plant that corrupts what was carried: `above` once it is up, `below` once it is back."""
    up_bad = (*carried.up, above)
    return Plant(token, create, drop, carried.up, carried.down, up_bad, (*carried.down, below), up_bad if again else None)


OBJECT = "jsonb_typeof({v}) = 'object' AND {v} <> '{{}}'"
FIRST_KEY = "(SELECT min(k) FROM jsonb_object_keys({v}) k)"
REVERSED = "(SELECT array_agg(e ORDER BY o DESC) FROM unnest({v}) WITH ORDINALITY x(e, o))"
INEXACT = "abs({v}) < 1e15 AND {v}::float8::numeric <> {v}"

VALUES = (
    ValueKind("string truncated by one character", "text", "left({v}, -1)", "length({v}) > 1"),
    ValueKind("string cut to ten characters", "varchar(60)", "left({v}, 10)", "length({v}) > 10"),
    ValueKind("trailing blank stripped", "text", "rtrim({v})", "{v} <> rtrim({v})"),
    ValueKind("text trimmed", "text", "btrim({v})", "{v} <> btrim({v})"),
    ValueKind("case folded", "text", "lower({v})", "{v} <> lower({v})"),
    ValueKind("unicode normalised", "text", "normalize({v}, NFC)", "{v} IS NOT NFC NORMALIZED"),
    ValueKind("first character lost", "text", "substr({v}, 2)", "length({v}) > 1"),
    ValueKind("UTF-8 read as LATIN1", "text", "convert_from(convert_to({v}, 'UTF8'), 'LATIN1')", "{v} ~ '[^ -~]'"),
    ValueKind("blanks replaced", "text", "replace({v}, ' ', '_')", "strpos({v}, ' ') > 0"),
    ValueKind("one NULL to ''", "text", "''", "{v} IS NULL", one=True),
    ValueKind("'' to NULL", "text", "NULL", "{v} = ''"),
    ValueKind("NULL to a default", "text", "'unknown'", "{v} IS NULL"),
    ValueKind("NULL to zero", "int", "0", "{v} IS NULL"),
    ValueKind("zero to NULL", "int", "NULL", "{v} = 0"),
    ValueKind("integer off by one", "int", "{v} - 1", "{v} > 0", one=True),
    ValueKind("sign flipped", "int", "-{v}", "{v} > 0", one=True),
    ValueKind("last digit of a numeric", "numeric(14,4)", "{v} - 0.0001", "{v} > 0 AND {v} < 1000000000", one=True),
    ValueKind("numeric scale rounded", "numeric(14,4)", "round({v}, 2)", "{v} <> round({v}, 2) AND abs({v}) < 1e9"),
    ValueKind("numeric through float8", "numeric(34,16)", "{v}::float8::numeric", INEXACT),
    ValueKind("float4 rounding", "float8", "{v}::float4", "abs({v}) BETWEEN 1e-30 AND 1e30 AND {v}::float4 <> {v}"),
    ValueKind("last bit of a float8", "float8", "{v} * (1 + 2.3e-16)", "abs({v}) BETWEEN 1e-30 AND 1e30", one=True),
    ValueKind("NaN to NULL", "float8", "NULL", "{v} = 'NaN'"),
    ValueKind("time zone shifted", "timestamptz", "{v} AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin'", "isfinite({v})"),
    ValueKind("time truncated to the second", "timestamptz", "date_trunc('second', {v})", "isfinite({v})"),
    ValueKind("microseconds rounded to milliseconds", "timestamp", "{v}::timestamp(3)", "isfinite({v})"),
    ValueKind("date shifted by a day", "date", "{v} - 1", "isfinite({v}) AND {v} > '1900-01-01'", one=True),
    ValueKind("the end of time to NULL", "timestamp", "NULL", "{v} >= '9999-12-31'"),
    ValueKind("time of day truncated to the minute", "time", "date_trunc('minute', {v})::time", "extract(second FROM {v}) > 0"),
    ValueKind("interval doubled", "interval", "{v} * 2", "{v} > '1 second' AND {v} < '1000 days'", one=True),
    ValueKind("JSON key lost", "jsonb", "{v} - " + FIRST_KEY, OBJECT),
    ValueKind("JSON value changed", "jsonb", "jsonb_set({v}, ARRAY[" + FIRST_KEY + "], '\"changed\"')", OBJECT, one=True),
    ValueKind("JSON null made missing", "jsonb", "jsonb_strip_nulls({v})", "{v} <> jsonb_strip_nulls({v})"),
    ValueKind("JSON null to NULL", "jsonb", "NULL", "{v} = 'null'"),
    ValueKind("JSON scalar to string", "jsonb", "to_jsonb({v} #>> ARRAY[]::text[])", "jsonb_typeof({v}) = 'number'"),
    ValueKind("array element dropped", "int[]", "{v}[2:]", "cardinality({v}) > 0"),
    ValueKind("array reordered", "text[]", REVERSED, "{v} <> " + REVERSED),
    ValueKind("empty array to NULL", "int[]", "NULL", "{v} = '{{}}'"),
    ValueKind("byte of a bytea", "bytea", "set_byte({v}, 0, get_byte({v}, 0) # 1)", "length({v}) > 0", one=True),
    ValueKind(
        "enum label swapped", "{token}_label", "'medium'", "{v} = 'high'", one=True,
        declare="CREATE TYPE {token}_label AS ENUM ('low', 'medium', 'high')",
    ),
    ValueKind("boolean inverted", "boolean", "NOT {v}", "{v} IS NOT NULL", one=True),
    ValueKind("identifier drawn anew", "uuid", "gen_random_uuid()", "{v} IS NOT NULL", one=True, chance=True),
    ValueKind("netmask lost", "inet", "set_masklen({v}, CASE family({v}) WHEN 4 THEN 32 ELSE 128 END)", "masklen({v}) < 32"),
    ValueKind("range bound moved", "int4range", "int4range(lower({v}), upper({v}) - 1)", "{v} @> lower({v}) + 2", one=True),
    ValueKind("bit flipped", "bit(8)", "{v} # B'00000001'", "{v} IS NOT NULL", one=True),
)  # fmt: skip
