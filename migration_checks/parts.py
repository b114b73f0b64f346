"""A part of a walk as JSON has it, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from migration_checks.check import Finding
from migration_checks.fields import Fields
from migration_checks.looks import Look, Part
from migration_checks.transition import Leg

PART_KEYS = ("number", "of", "shown", "looks")
LOOK_KEYS = ("leg", "revision", "before", "after", "failed", "barred", "ailing", "said")


def part_document(part: Part, finding: Callable[[Finding], dict[str, Any]]) -> dict[str, Any]:
    """`part` as JSON has it; `finding` writes a finding."""
    return {
        "number": part.number,
        "of": part.of,
        "shown": list(part.shown),
        "looks": [
            {
                "leg": str(look.leg),
                "revision": look.revision,
                "before": sorted(look.before),
                "after": sorted(look.after),
                "failed": look.failed,
                "barred": look.barred,
                "ailing": sorted(look.ailing),
                "said": [finding(each) for each in look.said],
            }
            for look in part.looks
        ],
    }


def part_from(table: Fields, finding_keys: tuple[str, ...], finding: Callable[[Fields], Finding]) -> Part:
    """The Part that `table` holds; `finding` reads a finding. Raises ConfigurationError."""
    number, of = (table.required(key, table.integer(key, 1, 10_000)) for key in ("number", "of"))
    if number > of:
        raise table.wrong("number", f"a part of {of}")
    looks = tuple(_look(each, finding_keys, finding) for each in table.children("looks", LOOK_KEYS))
    return Part(number, of, table.texts("shown"), looks)


def _look(table: Fields, finding_keys: tuple[str, ...], finding: Callable[[Fields], Finding]) -> Look:
    return Look(
        leg=Leg(table.required("leg", table.choice("leg", [str(each) for each in Leg]))),
        revision=table.required("revision", table.text("revision")),
        before=frozenset(table.texts("before")),
        after=frozenset(table.texts("after")),
        failed=bool(table.flag("failed")),
        barred=bool(table.flag("barred")),
        ailing=frozenset(table.texts("ailing")),
        said=tuple(finding(each) for each in table.children("said", finding_keys)),
    )
