"""Digests of a table's rows, computed inside PostgreSQL in one scan: a sum of hashes for each column, bound to the key.

A sum, not xor: duplicates must not cancel. The hash of a row's key is the seed of its values' hashes: swapping values between
rows must show, which a sum over hash_record(key, value) does not promise, because that combines its fields linearly.
Measured on 1,000,000 rows of 12 columns (159 MB, two cores): 0.31 s, one hash_record of whole rows 0.30 s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from migration_checks.rows.values import hashed, is_integer
from migration_checks.snapshot import Column, Table


def digest_query(table: Table, spell: Callable[[Column], str], columns: Sequence[Column] | None = None) -> str:
    """SELECT of (oid, rows, text[] of sums, one a column; without a key one more for whole rows).

    `spell` gives SQL for the value of a column in `table.relation`. Of `columns` alone, where they are given, of a table that
    has a key.
    """
    seed = key_seed(table, spell)
    wanted = table.columns if columns is None else columns
    sums = [f"coalesce(sum({hashed(column)[1](spell(column), seed)})::text, '')" for column in wanted]
    if not table.key:
        whole = row_hash(table.columns, spell)
        sums.append(f"coalesce(concat(sum(hashint8extended({whole}, 1)), '/', sum({whole})), '')")
    values = f"ARRAY[{', '.join(sums)}]" if sums else "ARRAY[]::text[]"
    return f"SELECT {table.oid}::bigint, count(*), {values} FROM {table.relation}"


def key_seed(table: Table, spell: Callable[[Column], str]) -> str:
    """SQL for a number that stands for the row's key; zero when there is none."""
    columns = {column.name: column for column in table.columns}
    key = [columns[name] for name in table.key]
    if len(key) == 1 and is_integer(key[0]):
        return f"{spell(key[0])}::bigint"
    seed = "0"
    for column in key:
        seed = hashed(column)[1](spell(column), seed)
    return seed


def row_hash(columns: Sequence[Column], spell: Callable[[Column], str]) -> str:
    """SQL for a hash of a whole row, whatever the order of its columns."""
    if not columns:
        return "0::bigint"
    ordered = sorted(columns, key=lambda column: column.name)
    return f"hash_record_extended(ROW({', '.join(hashed(column)[1](spell(column), '7') for column in ordered)}), 7)"


def digests(table: Table, sums: Sequence[str]) -> Mapping[str, str]:
    """Name the sums of `digest_query`: each column's with the family of its hash, "" for whole rows."""
    named = {column.name: f"{hashed(column)[0]}:{total}" for column, total in zip(table.columns, sums, strict=False)}
    if table.key:
        named[""] = blake2b("\0".join(f"{name}={named[name]}" for name in sorted(named)).encode(), digest_size=16).hexdigest()
    else:
        families = sorted(f"{column.name}={hashed(column)[0]}" for column in table.columns)
        named[""] = f"{blake2b(repr(families).encode(), digest_size=8).hexdigest()}:{sums[-1]}"
    return named


def total(digest: str) -> int:
    """The sum in the digest of a column, 0 where no row has a value."""
    return int(digest.rpartition(":")[2] or 0)
