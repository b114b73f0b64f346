"""The walk as a person reads it: a row a revision and a column a leg, or a paragraph a revision where that is too wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from migration_checks.check import Severity
from migration_checks.renderers.escape import visible
from migration_checks.renderers.summary import counted, worst
from migration_checks.report import Report, Step
from migration_checks.transition import Leg

MANY = 60
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "✓"}
ABSENT = ("–", "dim")


class WalkView:
    """The steps of a report, by revision; of a long walk only those revisions with something to tell."""

    def __init__(self, report: Report) -> None:
        self.marks = marks(report)
        self.legs = [leg for leg in Leg if any(step.leg is leg for step in report.steps)]
        steps: dict[str, list[Step]] = {}
        for step in report.steps:
            steps.setdefault(step.revision, []).append(step)
        told = steps if len(steps) <= MANY else {name: walked for name, walked in steps.items() if not self._quiet(walked)}
        self.rows = told
        self.left_out = len(steps) - len(told)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if self.rows:
            table = self._table()
            fits = Measurement.get(console, options.update(width=10_000), table).maximum <= options.max_width
            yield from [table] if fits else self._paragraphs()
        if self.left_out:
            yield Text(f"{self.left_out:,} more revisions, with nothing to say of them.")

    def _quiet(self, steps: Sequence[Step]) -> bool:
        return all(self.marks[step.revision, step.leg][0] == "✓" for step in steps)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("revision", no_wrap=True, vertical="bottom")
        for leg in self.legs:
            table.add_column(f"\n{leg}", justify="right", no_wrap=True)
        for title in ("rows", "values"):
            table.add_column(f"{title}\ncompared", justify="right", no_wrap=True)
        for revision, steps in self.rows.items():
            rows, values = compared(steps)
            cells = (self._cell(steps, leg) for leg in self.legs)
            table.add_row(Text(visible(revision)), *cells, Text(f"{rows:,}"), Text(f"{values:,}"))
        return table

    def _cell(self, steps: Sequence[Step], leg: Leg) -> Text:
        """The mark and seconds of one leg at one revision; a dash where there was none."""
        walked = [step for step in steps if step.leg is leg]
        if not walked:
            return Text(*ABSENT)
        seconds = sum(step.seconds for step in walked)
        return Text.assemble(self.marks[walked[0].revision, leg], (f" {seconds:.2f}s", "dim"))

    def _paragraphs(self) -> Iterator[Text]:
        for revision, steps in self.rows.items():
            rows, values = compared(steps)
            legs = [part for step in steps for part in (self.marks[revision, step.leg], f" {step.leg} {step.seconds:.2f}s, ")]
            total = f"{counted(rows, 'row')} and {counted(values, 'value')} compared"
            yield Text.assemble((visible(revision), "bold"), ": ", *legs, total)


def compared(steps: Sequence[Step]) -> tuple[int, int]:
    """The rows and values that were compared in `steps`."""
    return sum(step.rows_compared for step in steps), sum(step.values_compared for step in steps)


def marks(report: Report) -> dict[tuple[str, Leg], tuple[str, str]]:
    """(revision, leg) -> the mark of the worst that was found there, and its style."""
    gravest = worst(report)
    found: dict[tuple[str, Leg], tuple[str, str]] = {}
    for step in report.steps:
        place = (step.revision, step.leg)
        severity = gravest.get(place, Severity.INFO)
        if step.failure is not None and severity is Severity.INFO:
            # A downgrade that says it cannot, or a failure that no check counts: it did not go, but nothing is wrong.
            found[place] = ABSENT
        else:
            found.setdefault(place, (MARKS[severity], "green" if severity is Severity.INFO else STYLES[severity]))
    return found
