"""What a finding rests on: pictures and tables of what they are made for, everything else in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migration_checks.check import Finding
from migration_checks.renderers.escape import cut
from migration_checks.renderers.evidence import evidence_lines
from migration_checks.renderers.html.element import Html, element, join, preformatted
from migration_checks.renderers.html.facts import tables, words
from migration_checks.renderers.html.flow import flow_of_evidence, flow_picture
from migration_checks.renderers.html.parts import code, more, terms
from migration_checks.renderers.html.samples import facets_table, rows_table, samples_table
from migration_checks.snapshot import Json

LONG = 600
MOST = 30
OF_FLOWS = frozenset({"how", "count", "total", "restored", "moved", "caused_by"})


def evidence_of(finding: Finding) -> Html | None:
    """The evidence of `finding`, None where there is none."""
    drawn = dict(_drawn(finding))
    known = {*drawn, *(OF_FLOWS if "flow" in drawn else ())}
    rest = {key: value for key, value in finding.evidence.items() if key not in known and value not in (None, [], {}, "")}
    parts = [*facts_of(rest), *drawn.values()]
    return element("div", parts, class_="evidence") if parts else None


def _drawn(finding: Finding) -> Iterator[tuple[str, Html]]:
    """The facts that have a picture or a table, by their names."""
    evidence = finding.evidence
    flow = flow_of_evidence(finding.subject, evidence)
    shown = {
        "flow": flow_picture(flow) if flow else None,
        "facets": facets_table(evidence.get("facets")),
        "samples": samples_table(evidence.get("samples")),
        "missing": rows_table("missing", evidence.get("missing")),
        "added": rows_table("added", evidence.get("added")),
        "leaves": _leaves(evidence.get("leaves")),
    }
    yield from ((name, part) for name, part in shown.items() if part is not None)


def facts_of(facts: Mapping[str, Json]) -> Iterator[Html]:
    """Plain facts by name; what has parts of its own as text."""
    plain = {key: value for key, value in facts.items() if _is_plain(value)}
    if plain:
        yield terms((key.replace("_", " "), _fact(value)) for key, value in plain.items())
    rest = evidence_lines({key: value for key, value in facts.items() if key not in plain})
    if rest:
        yield element("pre", preformatted("\n".join(rest)), class_="rest", tabindex=0)


def _is_plain(value: Json) -> bool:
    """Text of one line, a number, or a few of them in a row."""
    if isinstance(value, list):
        return len(value) <= MOST and all(not isinstance(each, list) and _is_plain(each) for each in value)
    return isinstance(value, int | float) or (isinstance(value, str) and "\n" not in value.strip())


def _fact(value: Json) -> str:
    if isinstance(value, list):
        return cut(", ".join(map(_fact, value)), LONG)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else cut(words(value), LONG)


def _leaves(value: Json) -> Html | None:
    """What a downgrade leaves behind, a line each."""
    found = tables(value)
    if not found:
        return None
    entries = (
        element(
            "li", f"{words(each.get('check'))} ", code(words(each.get("subject"))), f": {cut(words(each.get('message')), LONG)}"
        )
        for each in found[:MOST]
    )
    return join(element("p", "It leaves:"), element("ul", entries, class_="leaves"), more(len(found) - MOST))
