"""How checks put facts into words and into JSON: counts, shares, lists, failures, samples and the names of columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from migration_checks.snapshot import Json, Snapshot
from migration_checks.transition import Changes, Failure, Transition, ValueSample

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_LONGEST_MESSAGE = 300


BY_TRIGGER = "A trigger keeps it up whenever a row of its table is written."
JOURNAL = "Triggers write it whenever a row of their tables is written."


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 row`, `1,000 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def share(part: float, whole: float) -> str:
    """`part` of `whole` in percent; never rounded to 0% or 100% unless it is exactly that."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.1f}".removesuffix(".0") + "%"


def listing(items: Sequence[str], most: int = 5) -> str:
    """`a, b and c`, or the first `most` and how many more there are."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most:,} more"
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def place(heads: Iterable[str]) -> str:
    """What the version table holds, in words; nothing in it is Alembic's `base`."""
    return listing(sorted(heads)) or "base"


def quoted(name: str) -> str:
    """`name` as a double-quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def column_subject(transition: Transition, table: str, column: str) -> str:
    """`schema.table.column` spelled as the catalog spells it.

    Whether PostgreSQL quotes a name depends on its keywords, so the catalogs of the leg are asked before a rule is applied.
    """
    plain, strict = f"{table}.{column}", f"{table}.{quoted(column)}"
    for snapshot in filter(None, (transition.after, transition.baseline, transition.before)):
        for candidate in (plain, strict):
            if ("column", candidate) in snapshot.catalog:
                return candidate
    return plain if _PLAIN.fullmatch(column) else strict


def raised(failure: Failure) -> str:
    """What a failure was, for the end of a sentence: `raised UniqueViolation (SQLSTATE 23505): duplicate key ...`."""
    if failure.timed_out:
        return "did not end within the time limit and was stopped"
    code = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
    first = next((line.strip() for line in failure.message.splitlines() if line.strip()), "")
    if len(first) > _LONGEST_MESSAGE:
        first = first[: _LONGEST_MESSAGE - 3] + "..."
    return f"raised {failure.kind}{code}" + (f": {first}" if first else "")


def failure_facts(failure: Failure) -> dict[str, Json]:
    """A failure as JSON, without what is not known of it."""
    facts: dict[str, Json] = {
        "kind": failure.kind,
        "sqlstate": failure.sqlstate,
        "error": failure.message,
        "statement": failure.statement,
        "table": failure.table,
        "column": failure.column,
        "constraint": failure.constraint,
        "path": failure.path,
        "line": failure.line,
    }
    known: dict[str, Json] = {name: value for name, value in facts.items() if value is not None}
    if failure.timed_out:
        known["timed_out"] = True
    return known


def failure_subject(transition: Transition, failure: Failure) -> str:
    """The column, table or constraint that the server's diagnostics name, else the revision."""
    if failure.table is None:
        return failure.constraint or transition.revision
    table = table_subject(transition, failure.table)
    return column_subject(transition, table, failure.column) if failure.column else table


def table_subject(transition: Transition, name: str) -> str:
    """A table that the server's diagnostics name, which never quote, spelled as the catalog spells it."""
    for snapshot in (transition.after, transition.before):
        for kind, identity in snapshot.catalog:
            if kind.endswith("table") and _QUOTED.sub(lambda part: part[1].replace('""', '"'), identity) == name:
                return identity
    return name


def does_nothing(subjects: Iterable[str]) -> str:
    """The sentence on an empty downgrade and what it leaves."""
    names = list(dict.fromkeys(subjects))
    return f"The downgrade does nothing, and leaves {counted(len(names), 'difference')}: {listing(names)}."


def touched(changes: Changes) -> list[str]:
    """The objects and tables that `changes` names, sorted, each once."""
    objects = {f"{change.kind} {change.identity}" for change in changes.catalog}
    return sorted(objects | {f"rows of {table.table}" for table in changes.tables if not table.equal})


def sample_facts(samples: Iterable[ValueSample]) -> list[Json]:
    """Value samples as JSON: the row's key, the value before and after."""
    return [{"key": dict(sample.key), "before": sample.before, "after": sample.after} for sample in samples]


def row_facts(rows: Iterable[Mapping[str, str | None]]) -> list[Json]:
    """Row samples (keys, or whole rows where there is no key) as JSON."""
    return [dict(row) for row in rows]


def key_text(key: Mapping[str, str | None]) -> str:
    """A row's key in words: `id=17`, or `(a=1, b=NULL)` for a composite one."""
    parts = [f"{name}={'NULL' if value is None else value}" for name, value in key.items()]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def for_example(keys: Sequence[Mapping[str, str | None]], most: int = 3) -> str:
    """A clause that names some rows, or nothing when no sample was kept."""
    named = [key_text(key) for key in keys[:most] if key]
    return f", for example {', '.join(named)}" if named else ""


def exists(snapshot: Snapshot, table: str) -> bool:
    """Whether `snapshot` holds a table of that name."""
    return table in snapshot.tables or ("table", table) in snapshot.catalog
