"""Pages of the site that are made from the code: the command line, the settings, the JSON report, the Python names."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from migration_checks.cli import build_parser  # noqa: E402
from migration_checks.config import Settings  # noqa: E402
from migration_checks.lineage import Contract, Invariant, Lineage, Seed, Transformation  # noqa: E402
from tests import api  # noqa: E402


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages: dict[str, Callable[[], Iterator[str]]] = {
        "command-line": command_line,
        "settings": settings,
        "json": json_report,
        "python": python,
    }
    for name, lines in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content="\n".join(lines()) + "\n"))
    return files


def command_line() -> Iterator[str]:
    """Every command with its usage and options, as `--help` has them."""
    parser = build_parser()
    yield from ("# Command line", "", str(parser.epilog), "")
    (commands,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    for name, command in commands.choices.items():
        yield from (f"## migration-checks {name}", "", str(command.description), "", "```text")
        yield from (command.format_usage().removeprefix("usage: ").rstrip(), "```", "")
        yield from table(("option", "meaning"), (option(each) for each in command._actions if each.dest != "help"))


def option(action: argparse.Action) -> tuple[str, str]:
    """How an option is written, and what it says of itself."""
    names = action.option_strings or [str(action.metavar or action.dest)]
    value = f" {action.metavar}" if action.option_strings and action.metavar and action.nargs != 0 else ""
    return ", ".join(f"`{name}{value}`" for name in names), str(action.help or "")


def settings() -> Iterator[str]:
    """The values that decide a run, with their types and defaults."""
    yield from ("# Settings", "", "What [options and settings](../cli.md) become: the values that a run is decided by.", "")
    for kind in (Settings, Lineage, Seed, Invariant, Transformation, Contract):
        yield from (f"## {kind.__name__}", "", paragraphs(kind.__doc__), "")
        yield from table(("name", "type", "default"), map(field, dataclasses.fields(kind)))


def field(each: dataclasses.Field[Any]) -> tuple[str, str, str]:
    """A field's name, type and default."""
    default = "" if each.default is dataclasses.MISSING else f"`{each.default!r}`"
    return f"`{each.name}`", f"`{each.type}`".replace("|", r"\|"), default


def json_report() -> Iterator[str]:
    """The JSON format, from its schema."""
    schema = json.loads((ROOT / "migration_checks" / "report.schema.json").read_text())
    yield from ("# JSON report", "", f"{schema['title']}: its keys, and the schema itself (JSON Schema 2020-12).", "")
    for name, each in {"report": schema, **schema["$defs"]}.items():
        if "properties" in each:
            yield from (f"## {name}", "")
            yield from table(("key", "value", "meaning"), (key(*item) for item in each["properties"].items()))
    yield from ("## The schema", "", "```json", json.dumps(schema, indent=2), "```")


def key(name: str, value: dict[str, Any]) -> tuple[str, str, str]:
    """A key of an object, what it holds, and what that means."""
    inner = value.get("items", {}).get("$ref") or value.get("$ref") or value.get("type") or value.get("const")
    kind = inner or " or ".join(map(str, value.get("enum", ["one of several"])))
    many = "list of " if value.get("type") == "array" else ""
    return f"`{name}`", many + str(kind).removeprefix("#/$defs/"), value.get("description", "")


def python() -> Iterator[str]:
    """The names that other projects may import."""
    yield from ("# Python", "", "What other projects may import, under semantic versioning.", "")
    yield from ("```python", api.listing().rstrip(), "```")


def paragraphs(text: str | None) -> str:
    """A docstring as Markdown."""
    return "\n".join(line.strip() for line in (text or "").splitlines())


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table, and the blank line behind it."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
