"""The pictures: lanes of the graph, flows, lock timelines and growth curves say what the report says, in proportion."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from migration_checks.checks.wording import share
from migration_checks.graph import Revision
from migration_checks.renderers.html.curve import _ticks, curve, fitted, growth_of, summary
from migration_checks.renderers.html.element import Html, element, join, raw
from migration_checks.renderers.html.facts import amount, facts, items, quantity, tables, whole, words
from migration_checks.renderers.html.flow import flow_of_evidence, flow_picture
from migration_checks.renderers.html.graph import laid_out
from migration_checks.renderers.html.index import Index, table_of
from migration_checks.renderers.html.locks import MODES, holds, mode_named, runs
from migration_checks.renderers.html.samples import sides
from migration_checks.renderers.html.timeline import timeline
from migration_checks.renderers.html.trials import TRIALS, trial
from migration_checks.renderers.html.units import big, duration, middle_cut, size
from migration_checks.renderers.html.watched import CHIPS
from migration_checks.report import Step
from migration_checks.transition import Destination, Fate, Leg
from tests.page_reports import CRASH, GROWTH, OBSERVED, OBSERVED_DOWN, QUEUE, REFUSED, RICH, SKEW, lock
from tests.reports import LOST, SAMPLE

# -- elements --------------------------------------------------------------------------------------------------------


def test_text_is_escaped_and_markup_is_not() -> None:
    """Only what an element made is markup; adding text to it makes it text again."""
    inner = element("b", "<i>")

    assert inner == "<b>&lt;i&gt;</b>"
    assert (
        element("p", inner, "<u>", None, [1, "&"], title="\"'") == '<p title="&quot;&#x27;"><b>&lt;i&gt;</b>&lt;u&gt;1&amp;</p>'
    )
    assert element("p", inner + "<u>").count("<") == 2
    assert not isinstance(inner + "", Html)


def test_attributes_that_are_nothing_are_left_out() -> None:
    """None and False leave an attribute out, True stands alone, numbers are short."""
    assert element("a", hidden=True, id=None, open=False, class_="x", data_r=1.50) == '<a hidden class="x" data-r="1.5"></a>'
    assert element("br") == "<br>"


@pytest.mark.parametrize("content", ["a</style>", "<!-- a"])
def test_nothing_ends_a_style_or_script_early(content: str) -> None:
    """Content that could is refused."""
    with pytest.raises(ValueError, match="would end it"):
        raw("style", content)


# -- facts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, True, "x", 1, -1, 2.5, float("inf"), 10**400, [], [1, {}], {}, {"a": []}])
def test_any_value_is_read(value: Any) -> None:
    """Whatever stands in the place of a fact is read as that kind, or as nothing."""
    assert isinstance(facts(value), dict)
    assert isinstance(items(value), list)
    assert all(isinstance(each, dict) for each in tables(value))
    assert value == 10**400 or isinstance(words(value), str)
    assert quantity(value) is None or 0 <= quantity(value) < 1e30
    assert whole(value) is None or whole(value) == value
    assert amount(value) >= 0


@pytest.mark.parametrize("leg", TRIALS)
@pytest.mark.parametrize("value", [None, "text", 7, [], [None, 3, "x", []], {}, {"a": {"b": 1}}])
def test_a_trial_with_other_facts_is_drawn_as_far_as_it_goes(leg: Leg, value: Any) -> None:
    """A report of another version may have anything in any place: what is not understood is left out or told in words."""
    names = {*TRIALS[leg][2], "timing", "statements"}
    step = Step("a", leg, 0, 0, 0, observations=dict.fromkeys(names, value), timing={"seconds": 1.0, **dict.fromkeys(
        ("statements", "waits", "budget", "seconds_by_size", "exponent", "exponent_interval", "estimate"), value
    )})  # fmt: skip

    assert trial(step) is not None


def test_unknown_facts_are_told_in_words() -> None:
    """Nothing that a trial saw is hidden because the page has no picture for it."""
    assert "from a later version" in str(trial(OBSERVED))
    assert "later: yes" in str(trial(Step("a", Leg.ASCEND, 0, 0, 0, observations={"seen": {"later": "yes"}})))
    assert trial(Step("a", Leg.ASCEND, 0, 0, 0)) is None


# -- the graph -------------------------------------------------------------------------------------------------------


def test_a_chain_has_one_lane() -> None:
    """Each revision hangs on the one above it."""
    rows = laid_out([Revision("a", ()), Revision("b", ("a",)), Revision("c", ("b",))])

    assert [(row.lane, row.arriving, row.leaving, row.through) for row in rows] == [
        (0, (), ((0, False),), ()),
        (0, ((0, False),), ((0, False),), ()),
        (0, ((0, False),), (), ()),
    ]


def test_branches_run_side_by_side_and_merge() -> None:
    """Two children leave their parent on two lanes, each passes the other, and a merge receives both."""
    a, b, c, d = laid_out([Revision("a", ()), Revision("b", ("a",)), Revision("c", ("a",)), Revision("d", ("b", "c"))])

    assert a.leaving == ((0, False), (1, False))
    assert (b.lane, b.through) == (0, (1,))
    assert (c.lane, c.through) == (1, (0,))
    assert (d.lane, sorted(d.arriving), d.leaving) == (0, [(0, False), (1, False)], ())


def test_a_dependency_is_a_weak_line() -> None:
    """What a revision only needs is told apart from what it replaces."""
    *_, c = laid_out([Revision("a", ()), Revision("b", ()), Revision("c", ("a",), ("b",))])

    assert sorted(weak for _, weak in c.arriving) == [False, True]


def test_parents_outside_of_the_report_and_circles_draw_no_line() -> None:
    """A range begins below what it follows; a report from anywhere may name itself."""
    (row, other) = laid_out([Revision("a", ("z", "a", "b")), Revision("b", ())])

    assert (row.arriving, row.leaving, other.leaving) == ((), (), ())


def test_what_was_not_walked_is_not_well() -> None:
    """A revision of the chain without a step is unchecked."""
    index = Index(replace(SAMPLE, chain=(*SAMPLE.chain, Revision("ddd444", ("ccc333",)))))

    assert [index.revision_state(name).name for name in index.revisions] == ["empty", "error", "warning", "unchecked"]


# -- flows -----------------------------------------------------------------------------------------------------------


def test_ribbons_are_in_proportion() -> None:
    """A ribbon is as broad as its share, whatever it leads to."""
    picture = flow_picture(Fate("t.c", "values", "dropped", 40, (Destination("u.d", "same row", 20),), 10, 10))
    heights = [float(height) for height in re.findall(r'height="([\d.]+)" class="end', picture)]

    assert len(heights) == 3
    assert heights[0] == pytest.approx(2 * heights[1], rel=0.01) == pytest.approx(2 * heights[2], rel=0.01)
    assert "20 moved u.d; 10 came back; 10 lost" in picture


def test_many_destinations_become_one() -> None:
    """The largest are named, the others counted together."""
    moved = tuple(Destination(f"t.c{number}", "document", number) for number in range(1, 10))

    picture = flow_picture(Fate("t.c", "values", "dropped", 45, moved))
    assert "moved to 4 more places" in picture
    assert "t.c9" in picture
    assert "t.c1<" not in picture


def test_a_flow_is_read_from_evidence() -> None:
    """A finding of lost values has its picture; any other evidence has none."""
    evidence = {
        "how": "deleted",
        "count": 3,
        "total": 9,
        "restored": 1,
        "moved": [{"place": "t.c", "how": "same row", "count": 5}],
    }

    assert flow_of_evidence("t", evidence) == Fate("t", "rows", "deleted", 9, (Destination("t.c", "same row", 5),), 1, 3)
    assert flow_of_evidence("t", {"count": 3}) is None


@pytest.mark.parametrize("total", [0, 10**15])
def test_any_amount_can_be_drawn(total: int) -> None:
    """None at all, and very many."""
    assert "nan" not in flow_picture(Fate("t.c", "values", "dropped", total, (), 0, total)).lower()


# -- locks -----------------------------------------------------------------------------------------------------------


def test_modes_are_known_by_any_spelling() -> None:
    """As pg_locks writes them, as the manual does, and one that is not known keeps its name."""
    assert mode_named("AccessExclusiveLock") is mode_named("ACCESS EXCLUSIVE") is MODES[0]
    assert mode_named("NewLock").name == "NewLock"
    assert len({mode.letters for mode in MODES}) == len(MODES) == 8


def test_a_lock_is_held_to_the_end_of_its_transaction() -> None:
    """It begins where it was first seen, and statements that hold it already do not begin it again."""
    found, measured = runs(OBSERVED)
    held = {(each.relation, each.mode.letters): (each.start, each.end) for each in holds(found)}

    assert measured
    assert held["public.items", "AX"] == (0.0, 0.9)
    assert held["public.items", "RX"] == (0.02, 0.9)
    assert held["public.items", "SUX"] == pytest.approx((0.92, 1.2))


def test_without_times_statements_stand_in_their_order() -> None:
    """A report without timing still says what was held across which statements."""
    found, measured = runs(OBSERVED_DOWN)
    held = {(each.relation, each.mode.letters): (each.start, each.end) for each in holds(found)}

    assert not measured
    assert held["public.items", "AX"] == (0.0, 5.0)
    assert held["public.items", "SUX"] == (5.0, 6.0)


def test_the_timeline_names_mode_by_letters_and_in_words() -> None:
    """Colour is not needed: letters in the bars, a legend, a description and a table."""
    picture = str(timeline(OBSERVED, *runs(OBSERVED)))

    assert 'class="letters">AX</text>' in picture
    assert "ACCESS EXCLUSIVE on public.items, blocks reads and writes" in picture
    assert "Locks over 1.2 s. public.items: ACCESS EXCLUSIVE held 900 ms" in picture
    assert "The same as a table (5)" in picture
    assert 'x="0.0%" y="62" width="75.0%"' in picture


@pytest.mark.parametrize(
    ("place", "began", "held"),
    [('dx="5" class="letters"', 0.0, 1.0), ('dx="4" class="letters outside"', 0.1, 0.101), ('text-anchor="end"', 0.995, 1.0)],
)
def test_letters_stand_beside_a_bar_that_is_too_narrow(place: str, began: float, held: float) -> None:
    """On the side where there is room."""
    statement = {"sql": "x", "transaction": 1, "locks": [lock("public.t", {"mode": "AccessExclusiveLock"})]}
    other = {"sql": "y", "transaction": 2}
    step = Step(
        "a", Leg.OBSERVE, 2, 0, 0,
        observations={"statements": [statement, other]},
        timing={"seconds": 1.0, "statements": [
            {"began": began, "seconds": 0.0005, "held_until": held}, {"began": 0.0, "seconds": 1.0, "held_until": 1.0}
        ]},
    )  # fmt: skip
    (letters,) = re.findall(r'<text[^>]*class="letters[^>]*>AX</text>', str(timeline(step, *runs(step))))

    assert place in letters


def test_a_statement_with_many_locks_shows_the_strongest() -> None:
    """The others are counted."""
    locks = [lock(f"public.t{number}", {"mode": "AccessShareLock"}) for number in range(40)]
    locks.append(lock("public.last", {"mode": "AccessExclusiveLock"}))
    page = str(trial(Step("a", Leg.OBSERVE, 1, 0, 0, observations={"statements": [{"sql": "x", "locks": locks}]})))

    shown = page[page.index('<ul class="locks">') :]
    assert "public.last" in shown
    assert f"and {41 - CHIPS} more" in page


def test_what_an_observer_gathered_is_counted() -> None:
    """Entries that stand for many runs, rows by relation, sizes among the times, and what could not be looked at."""
    seen = {
        "statements": [
            {"sql": "UPDATE t", "times": 2_000, "transaction": 1, "changed": {"public.t": {"inserted": 0, "updated": 2_000}}},
            {"sql": "SELECT 1", "transaction": 2, "looked": False},
        ],
        "relations": [{"name": "public.t", "rows": 2_000, "production_rows": 10_000_000, "new": True}],
        "upkeep": [{"kind": "index", "name": "public.t_x", "problem": "invalid", "new": False}],
        "left_out": 7,
        "unseen": "The script connected by itself.",
    }
    measured = {"seconds": 1.0, "relations": [{"name": "public.t", "size_before": 8_192, "size_after": 16_384, "dead_rows": 5}]}

    page = str(trial(Step("a", Leg.OBSERVE, 1, 0, 0, observations=seen, timing=measured)))
    for words_ in (
        "Statements (2,001)", "× 2,000", "2,000 updated in public.t", "10,000,000", "8.0 kB", "16 kB", "its locks are unknown",
        "7 statements are not listed. The script connected by itself.", "there before this step",
    ):  # fmt: skip
        assert words_ in page


def test_races_and_traffic_say_what_went_wrong() -> None:
    """What became of either runner, and writes that were lost under traffic."""
    races = [{"statement": 2, "ends": ["done", "UniqueViolation 23505"], "clean": False, "difference": ["a table is missing"]}]
    page = str(trial(Step("a", Leg.RUNNERS, 1, 0, 0, observations={"races": races})))
    assert "done · UniqueViolation 23505" in page
    assert "✗ no clean result: a table is missing" in page

    spoiled = [{"table": "public.t", "statement": 1, "how": "lost"}]
    page = str(trial(Step("a", Leg.TRAFFIC, 1, 0, 0, observations={"spoiled": spoiled, "committed": 9})))
    assert "✗ 1 committed writes were lost or doubled." in page
    assert "committed" in page


def test_many_relations_are_counted() -> None:
    """The strongest and longest are drawn, the others counted."""
    locks = [lock(f"public.t{number:02}", {"mode": "AccessShareLock"}) for number in range(40)]
    locks.append(lock("public.last", {"mode": "AccessExclusiveLock"}))
    step = Step("a", Leg.OBSERVE, 1, 0, 0, observations={"statements": [{"sql": "x", "locks": locks}]})

    picture = str(timeline(step, *runs(step)))
    assert picture.index("public.last") < picture.index("public.t00")
    assert "17 more relations" in picture


def test_the_same_statement_is_shown_once() -> None:
    """How often it ran, and what it did in all."""
    page = str(trial(OBSERVED))

    assert "Statements (6)" in page
    assert page.count("UPDATE items") == 1
    assert "× 3" in page
    assert "3 updated in public.items" in page
    assert "outside a transaction (autocommit)" in page
    assert "the type of a column changes" in page
    assert "40,000 rows under AccessExclusiveLock" in page
    assert "879 kB" in page


# -- growth and the other trials -------------------------------------------------------------------------------------


def test_the_curve_says_what_it_shows() -> None:
    """Measured points, exponent with its interval, estimate with its interval."""
    growth = growth_of(GROWTH)

    assert len(growth.points) == 8
    assert str(curve(growth)).count('class="point"') == 8
    words_ = summary(growth)
    assert "Measured 120 ms at 250 rows" in words_
    assert "power of 1.02 (between 0.96 and 1.08)" in words_
    assert "Estimated at 10,000,000 rows: 88.3 min, between 60.0 min and 2.2 h." in words_
    assert words_ in str(curve(growth))


@pytest.mark.parametrize(
    ("points", "exponent", "at", "expected"),
    [
        ([(10, 1.0), (100, 10.0), (1_000, 100.0)], 1.0, 10_000, 1_000.0),
        ([(10, 5.1), (100, 6.0), (1_000, 15.0)], 1.0, 10_000, 105.0),
        ([(10, 2.0), (100, 2.0), (1_000, 2.0)], 1.0, 10_000, 2.0),
        ([(10, 3.0), (100, 2.0), (1_000, 1.9)], 1.0, 10_000, 2.2),
        ([(10, 1.0), (100, 100.0), (1_000, 10_000.0)], 2.0, 10_000, 1_000_000.0),
    ],
)
def test_the_line_goes_through_the_points(points: Any, exponent: float, at: float, expected: float) -> None:
    """A constant part and one that grows: neither a flat series nor a falling one is drawn as growth."""
    assert fitted(points, exponent)(at) == pytest.approx(expected, rel=0.05)


def test_a_refused_estimate_is_told() -> None:
    """Where the fit is poor there is no estimate, and the reason stands in its place."""
    growth = growth_of(REFUSED)

    assert growth.estimate is None
    assert 'class="estimate"' not in str(curve(growth))
    assert "No estimate: the fit leaves a third of the variance unexplained" in summary(growth)


def test_a_curve_without_a_fit_shows_its_points() -> None:
    """No line and no band where nothing was fitted."""
    bare = replace(GROWTH, timing={"seconds_by_size": GROWTH.timing["seconds_by_size"]})
    picture = str(curve(growth_of(bare)))

    assert 8 == picture.count('class="point"')
    assert "fit" not in re.findall(r'class="([a-z ]+)"', picture)
    assert 'class="band"' not in picture


@pytest.mark.parametrize(
    ("expected", "low", "high"),
    [
        ([0, 1, 2], 0.0, 2.4),
        ([1.0, 1.301, 1.699], 0.9, 1.7),
        ([2.0, 4.0, 6.0, 8.0, 10.0], 1.5, 11.0),
        ([2.301, 2.699], 2.1, 2.9),
    ],
)
def test_an_axis_has_a_few_round_numbers(expected: list[float], low: float, high: float) -> None:
    """Powers of ten, and two and five times them where there are too few of those."""
    assert expected == pytest.approx(_ticks(low, high), abs=0.001)


def test_one_size_is_no_curve() -> None:
    """Two sizes at least make one."""
    assert curve(growth_of(replace(GROWTH, observations={"sizes": [10]}))) is None


def test_waits_are_held_against_the_budget() -> None:
    """Who waited, how long, and whether that is too long."""
    page = str(trial(QUEUE))

    assert page.count("over budget") == 2
    assert "100 ms</b> reader, with lock_timeout" in page
    assert "No lock_timeout of its own ended its wait." in page


def test_what_others_waited_behind_is_shown() -> None:
    """The statement, with the lock that it waits for itself."""
    stall = {"relation": "public.items", "mode": "ACCESS EXCLUSIVE", "sql": "ALTER TABLE items ADD x int", "beyond": []}
    page = str(trial(replace(QUEUE, observations={**QUEUE.observations, "stalls": [stall] * 3})))

    assert 3 == page.count("Behind this statement, which waits for ")
    assert 3 == page.count("ACCESS EXCLUSIVE on <code>public.items</code>")
    assert 3 == page.count("ALTER TABLE items ADD x int")


def test_refused_statements_come_first() -> None:
    """With the reason; those that go through are folded."""
    page = str(trial(SKEW))

    assert page.index("42703 column") < page.index("<details") < page.index("INSERT INTO items")
    assert "1 of 2 statements are refused." in page


def test_deaths_say_what_they_left() -> None:
    """A state in between, and a second run that does not reach the goal, are marked in words."""
    page = str(trial(CRASH))

    assert "✗ between" in page
    assert "✗ did not reach the goal: index public.items_note_id is invalid" in page
    assert "✓ before" in page


# -- samples and units -----------------------------------------------------------------------------------------------


def test_what_differs_is_marked() -> None:
    """Only the part that differs, on both sides; a value that is no text is shown whole."""
    assert sides("abcXdef", "abcYYdef") == (
        '<span class="v">&#x27;abc<mark>X</mark>def&#x27;</span>', '<span class="v">&#x27;abc<mark>YY</mark>def&#x27;</span>',
    )  # fmt: skip
    assert sides("a", None) == ('<span class="v">&#x27;a&#x27;</span>', '<span class="v null">NULL</span>')
    assert "<mark>" not in join(*sides("NULL", None))


def test_long_values_are_shown_around_the_difference() -> None:
    """What two long texts have in common is shortened."""
    before, after = sides("x" * 1_000 + "1" + "y" * 1_000, "x" * 1_000 + "2" + "y" * 1_000)

    assert len(before) < 250
    assert "<mark>1</mark>" in before
    assert "<mark>2</mark>" in after


@pytest.mark.parametrize(
    ("subject", "table"),
    [
        ("public.items.note", "public.items"),
        ("public.items", "public.items"),
        ('public."a.b"."C ""d"', 'public."a.b"'),
        ("bbb222", ""),
        ("an invariant. With a sentence", "an invariant. With a sentence"),
        ("items", ""),
        ("a.b.c.d.e.f", ""),
    ],
)
def test_tables_are_found_in_subjects(subject: str, table: str) -> None:
    """The first two parts of a qualified name, quotes and all."""
    assert table_of(replace(LOST, subject=subject)) == table


def test_units() -> None:
    """Short, and never rounded to what they are not."""
    assert [duration(each) for each in (0, 0.0004, 0.0124, 1.234, 119.0, 5_300, 200_000)] == [
        "0 s", "0.4 ms", "12 ms", "1.23 s", "2.0 min", "88.3 min", "2.3 d",
    ]  # fmt: skip
    assert [size(each) for each in (0, 1_023, 1_024, 5_242_880, 3 * 1024**4)] == ["0 B", "1023 B", "1.0 kB", "5.0 MB", "3.0 TB"]
    assert [big(each) for each in (250, 16_000, 1e7, 2.5e9)] == ["250", "16k", "10M", "2.5G"]
    assert [share(*each) for each in ((1, 3), (1, 5_000), (4_999, 5_000), (5, 5), (0, 0))] == [
        "33.3%",
        "<0.1%",
        ">99.9%",
        "100%",
        "0%",
    ]
    assert middle_cut("public.a_rather_long_name.column", 15) == "public.….column"


def test_trials_are_part_of_the_evidence_of_their_revision() -> None:
    """Each trial of a report is drawn on the page, under its own heading."""
    from migration_checks.renderers.html import render

    page = render(RICH)
    assert all(title in page for title, _, _ in TRIALS.values() if title != "Under traffic")
