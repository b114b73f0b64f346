"""What crosses the pipes between the toolkit and its worker: JSON lines, and the values that they carry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

from migration_checks.graph import Graph, Revision
from migration_checks.lineage import Lineage
from migration_checks.transition import Failure, Statement

Message: TypeAlias = "dict[str, Any]"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step did.

    `seconds` is the script with its commit. `statements` are those that SQLAlchemy sent for the scripts, at most a bounded
    number of them; `statement_count` is the exact number. `heads` is what the version table holds now, `expected_heads`
    what it should hold after a step that succeeded. `refused` names connections that were refused on the way.
    `watched` is what migration_checks.worker.watching saw, None unless it was asked to look.
    """

    seconds: float
    statements: tuple[Statement, ...]
    failure: Failure | None
    heads: frozenset[str]
    expected_heads: frozenset[str]
    statement_count: int = 0
    refused: tuple[str, ...] = ()
    watched: Mapping[str, Any] | None = None


def encode(message: Mapping[str, Any]) -> bytes:
    """One message as one line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message in one line."""
    message: Message = json.loads(line)
    return message


def lineage_message(lineage: Lineage) -> Message:
    """What the worker needs to know of a lineage; paths are absolute."""
    root = lineage.root.absolute()
    return {
        "root": str(root),
        "config": None if lineage.config is None else str(root / lineage.config),
        "section": lineage.section,
        "script_location": None if lineage.script_location is None else str(root / lineage.script_location),
        "x": list(lineage.x),
        "sys_path": [str(root / each) for each in lineage.sys_path],
        "boot": lineage.boot,
    }


def graph_message(graph: Graph) -> list[Message]:
    """A graph as JSON."""
    return [asdict(revision) for revision in graph.revisions]


def graph_from(message: list[Message]) -> Graph:
    """The graph that `graph_message` wrote."""
    return Graph(tuple(_revision_from(each) for each in message))


def _revision_from(message: Message) -> Revision:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in message.items()}
    return Revision(**values)


def statement_message(statement: Statement) -> Message:
    """A statement as JSON, without what is as it usually is."""
    plain = Statement(sql="")
    values = {each.name: getattr(statement, each.name) for each in fields(Statement)}
    return {name: value for name, value in values.items() if name == "sql" or value != getattr(plain, name)}


def statement_from(message: Message) -> Statement:
    """The statement that `statement_message` wrote."""
    return Statement(**message)


def failure_from(message: Message | None) -> Failure | None:
    """A failure from JSON (it is written with dataclasses.asdict)."""
    return None if message is None else Failure(**message)
