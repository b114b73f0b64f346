"""Reads a profile from a live database: one read-only transaction over statistics, and a bounded sample for the NULLs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from typing import Any

import psycopg

from migration_checks.connection import connect, redacted
from migration_checks.database import OWN_SCHEMA
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.profile.nulls import null_groups, sample_nulls
from migration_checks.profile.privacy import may_be_kept, personal
from migration_checks.profile.shapes import MOMENTS, NUMBERS, shape_of
from migration_checks.profile.values import ColumnProfile, Common, NullGroup, Profile, TableProfile

STATEMENT_TIMEOUT = "10s"
LOCK_TIMEOUT = "2s"
MOST_COMMON = 100
LEAST_UNNAMED = 0.005
"""How frequent a value that is not told must be for its frequency to say more than the number of distinct values does."""
_KEPT_TYPES = frozenset({"text", "varchar", "bpchar", "citext", "int2", "int4", "int8", "numeric"})

Connection = psycopg.Connection[Any]


@contextmanager
def open_read_only(url: str) -> Iterator[Connection]:
    """A connection in one read-only transaction that waits for no lock and runs no statement for long, rolled back at the end.

    Raises ProviderError; no password is in its sentence.
    """
    plain = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url.strip())
    try:
        connection = connect(plain, autocommit=False)
    except psycopg.ProgrammingError:
        # libpq quotes the text that it cannot read, and the password may be in it.
        raise ConfigurationError("The URL is none that libpq reads.", "Write postgresql://user@host:port/database.") from None
    except psycopg.Error as error:
        raise _failed(error) from None
    with connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        try:
            # Compiling the queries on the catalog takes longer than running them.
            for name, value in (("statement_timeout", STATEMENT_TIMEOUT), ("lock_timeout", LOCK_TIMEOUT), ("jit", "off")):
                connection.execute("SELECT set_config(%s, %s, true)", (name, value))
            yield connection
        except psycopg.Error as error:
            raise _failed(error) from error
        finally:
            connection.rollback()


def _failed(error: psycopg.Error) -> ProviderError:
    text = error.diag.message_primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
    remedy = "See that the server runs, and that host, database, user and password (PGPASSWORD, ~/.pgpass) are right."
    if error.sqlstate and not error.sqlstate.startswith("28"):
        remedy = "Use a role that may connect and read, such as a member of pg_read_all_stats and pg_read_all_data."
    return ProviderError(f"The profile cannot be read: {redacted(text.rstrip('.'))}.", remedy)


def read_profile(connection: Connection, *, values: bool = True, sample: bool = True) -> Profile:
    """The profile of the database behind `connection`, which is in a transaction.

    Without `values` not one value of a row is kept; without `sample` no table is touched, only its statistics, and NULLs are
    described column by column. Raises ProviderError where the role may not read any of the tables.
    """
    rows = connection.execute(_query("tables.sql"), {"own": OWN_SCHEMA}).fetchall()
    if rows and not any(readable for _, _, _, readable, *_ in rows):
        role = connection.info.user
        raise ProviderError(
            f"The role {role} may not read any of the {len(rows)} tables.", "Grant it SELECT on them, or pg_read_all_data."
        )
    version = connection.info.server_version
    tables = tuple(_table(connection, row, values, sample) for row in rows)
    return Profile(f"{version // 10000}.{version % 10000}", values, tables)


def _query(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


def _table(connection: Connection, row: tuple[Any, ...], values: bool, sample: bool) -> TableProfile:
    name, rows, pages, readable, secured, source, schema, inherited, oid = row
    if not readable or secured:
        return TableProfile(name, rows, "row security" if readable else "no privilege")
    given = {"schema": schema, "table": source, "inherited": inherited, "oid": oid, "rows": rows}
    records = connection.execute(_query("columns.sql"), given).fetchall()
    columns = tuple(_column(record, rows, values) for record in records if record[-1])
    if not columns:
        return TableProfile(name, rows, "never analyzed" if records else None)
    groups, missing = _groups(connection, name, columns, pages) if sample else ((), None)
    return TableProfile(name, rows, missing, columns, groups)


def _groups(
    connection: Connection, table: str, columns: tuple[ColumnProfile, ...], pages: int
) -> tuple[tuple[NullGroup, ...], str | None]:
    """Groups of columns that are NULL together; why they were not looked for, if so."""
    names = [column.name for column in columns if 0.005 < column.null_fraction < 0.995]
    if len(names) < 2:
        return (), None
    try:
        return null_groups(names, sample_nulls(connection, table, names, pages)), None
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        return (), "timeout"
    except psycopg.errors.InsufficientPrivilege:
        return (), "no privilege"


def _column(record: tuple[Any, ...], rows: int, values: bool) -> ColumnProfile:
    name, formatted, kind, category, about, null_fraction, n_distinct, width, fractions, texts, bounds, key, _, _ = record
    fractions, texts = (fractions or [])[:MOST_COMMON], texts or []
    number = _distinct(n_distinct, rows)
    fixed = number if n_distinct > 0 else None
    keep = values and not key and (category == "e" or kind == "bool" or (kind in _KEPT_TYPES and not personal(name, about)))
    free = category == "e" or kind == "bool"
    known = [*texts, *[None] * (len(fractions) - len(texts))]
    kept = [
        text if keep and text is not None and (free or may_be_kept(text, fraction, rows, number)) else None
        for text, fraction in zip(known, fractions, strict=False)
    ]
    common = tuple(
        Common(round(fraction, 4), text)
        for fraction, text in zip(fractions, kept, strict=True)
        if text is not None or fraction >= LEAST_UNNAMED
    )
    shape = None
    if not key and kind in NUMBERS | MOMENTS:
        shape = shape_of(kind, zip(texts, fractions, strict=False), bounds or [], null_fraction, rows)
    return ColumnProfile(
        name=name,
        type=formatted,
        null_fraction=round(null_fraction, 4),
        distinct=fixed,
        distinct_fraction=round(-n_distinct, 4) if n_distinct < 0 else None,
        width=width,
        common=common,
        shape=shape,
    )


def _distinct(n_distinct: float, rows: int) -> int | None:
    """PostgreSQL's n_distinct as a number of values; 0 there means unknown."""
    return None if not n_distinct else round(n_distinct if n_distinct > 0 else -n_distinct * rows)


def shortcomings(profile: Profile, role: str) -> list[str]:
    """What the profile lacks, in a sentence for each reason."""
    words: Mapping[str, str] = {
        "no privilege": f"The role {role} may not read {{}}: grant it SELECT, or pg_read_all_data; only rows are counted.",
        "row security": f"Row security hides rows of {{}} from the role {role}: use one with BYPASSRLS; only rows are counted.",
        "never analyzed": "There are no statistics of {}: run ANALYZE there; only rows are counted.",
        "timeout": "NULLs that come together were not looked for in {}: it was locked, or the sample took too long.",
    }
    found: dict[str, list[str]] = {}
    for table in profile.tables:
        if table.missing:
            found.setdefault(table.missing, []).append(table.name)
    return [words[reason].format(_listed(names)) for reason, names in found.items()]


def _listed(names: list[str]) -> str:
    if len(names) <= 3:
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"{', '.join(names[:2])} and {len(names) - 2} more tables"
