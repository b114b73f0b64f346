"""The filter above the findings: hidden until page.js shows it, since it does nothing without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migration_checks.check import Finding, Severity
from migration_checks.renderers.escape import cut
from migration_checks.renderers.html.element import Html, element
from migration_checks.renderers.html.index import Index

NAME = 60


def filter_form(index: Index, standing: Sequence[Finding]) -> Html:
    """Severity, revision and table; page.js reads the numbers of data-s, data-r and data-t."""
    present = [each for each in reversed(Severity) if any(finding.severity is each for finding in standing)]
    boxes = (
        element(
            "label", element("input", type="checkbox", name="severity", value=str(each), checked=True), f" {each}", class_="box"
        )
        for each in present
    )
    severities = element("fieldset", element("legend", "Severity"), boxes)
    concerned = [name for name in index.revisions if index.findings[name]]
    revisions = _choice("revision", "Revision", ((str(index.numbers[name]), name) for name in concerned))
    tables = _choice("table", "Table", ((str(number), name) for name, number in index.tables.items()))
    reset = element("button", "Show all", type="reset")
    counted = element("output", f"{len(standing):,} of {len(standing):,} findings", aria_live="polite", class_="shown")
    return element(
        "form", severities, revisions, tables, reset, counted, id="filter", hidden=True, aria_label="Filter the findings"
    )


def _choice(name: str, title: str, options: Iterable[tuple[str, str]]) -> Html:
    entries = (element("option", cut(text, NAME), value=value) for value, text in options)
    select = element("select", element("option", "all", value=""), entries, name=name, id=f"filter-{name}")
    return element("label", f"{title} ", select, for_=f"filter-{name}")
