"""The manual of the checks, made from the checks themselves, so that it cannot drift."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from migration_checks.check import Check

WIDTH = 100
HEADING = "<!-- Made by `migration-checks checks --markdown > docs/checks.md`; do not edit. -->"
WAIVER = "# migration-checks: ignore {} - why it may be ignored"


def overview(checks: Sequence[Check]) -> str:
    """One line a check."""
    width = max(len(check.name) for check in checks)
    return "".join(f"{check.id}  {check.name:<{width}}  {check.severity!s:<7}  {check.title}\n" for check in checks)


def page(check: Check) -> str:
    """Everything there is to know of one check."""
    parts = (
        f"{check.id} {check.name} ({check.severity})",
        fill(f"{check.title}.", WIDTH),
        _labelled("Effect", check.effect),
        _labelled("Remedy", check.remedy),
        f"Waive it in the revision's script:\n    {WAIVER.format(check.id)}",
    )
    return "\n\n".join(parts) + "\n"


def _labelled(label: str, text: str) -> str:
    return fill(f"{label}: {text}", WIDTH, subsequent_indent="    ")


def markdown(checks: Sequence[Check]) -> str:
    """The pages of `checks` as one Markdown document."""
    rows = [f"| [{check.id}](#{check.id.lower()}) | {check.name} | {check.severity} | {check.title} |" for check in checks]
    table = "\n".join(("| id | name | severity | fires when |", "|---|---|---|---|", *rows))
    opening = (
        "Ids and names are a contract; the severity is the default, and a finding may be milder where its evidence says so.\n"
        "`migration-checks checks ID` shows one page, `--only` and `--skip` select checks by id, name or family (`MC3`)."
    )
    return "\n\n".join((HEADING, "# The checks", opening, table, *map(_section, checks))) + "\n"


def _section(check: Check) -> str:
    return "\n\n".join(
        (
            f'<a id="{check.id.lower()}"></a>\n\n## {check.id} {check.name}',
            f"{check.title}. Severity: {check.severity}.",
            f"**Effect.** {check.effect}",
            f"**Remedy.** {check.remedy}",
            f"Waiver: `{WAIVER.format(check.id)}`",
            f"[A script at fault, its remedy, and what a run says](examples.md#{check.id.lower()}-{check.name})",
        )
    )
