"""What crosses the pipes arrives as it was sent."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from migration_checks.graph import Graph, Revision
from migration_checks.lineage import Lineage
from migration_checks.transition import Failure, Statement
from migration_checks.worker.wire import (
    decode,
    encode,
    failure_from,
    graph_from,
    graph_message,
    lineage_message,
    statement_from,
    statement_message,
)


def test_graph() -> None:
    """A graph survives the journey, tuples and all."""
    graph = Graph((Revision("a", ()), Revision("b", ("a",), ("c",), ("label",), "Üben\n", "/p.py", 3, 5, True)))

    assert graph_from(decode(encode({"graph": graph_message(graph)}))["graph"]) == graph


def test_statements() -> None:
    """So does a statement; what is as usual is not sent."""
    statement = Statement("SELECT 'é'", 0.5, 3, "/p.py", 7, True, {"executemany": 2})

    assert statement_from(decode(encode(statement_message(statement)))) == statement
    assert statement_message(Statement("SELECT 1")) == {"sql": "SELECT 1"}


def test_failures() -> None:
    """With every field of theirs; no failure is none."""
    failure = Failure("IntegrityError", "dup\nDETAIL: x", "23505", statement="INSERT", table="t", path="/p.py", line=3)

    assert failure == failure_from(decode(encode({"failure": asdict(failure)}))["failure"])
    assert None is failure_from(None)


def test_one_message_is_one_line() -> None:
    """Whatever is in a message, it has one line end."""
    assert encode({"sql": "a\nb\u2028c\x00"}).count(b"\n") == 1


def test_lineage_paths_are_absolute() -> None:
    """Relative paths are relative to the lineage's root."""
    message = lineage_message(Lineage("x", root=Path("/r"), config=Path("a.ini"), sys_path=(Path("src"), Path("/abs"))))

    assert message["config"] == "/r/a.ini"
    assert message["sys_path"] == ["/r/src", "/abs"]
