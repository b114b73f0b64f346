"""From transitions to findings: one fault is one finding, in its first place, and nothing is hidden by folding."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from migration_checks.check import Finding, Location, Severity
from migration_checks.checks import CHECKS
from migration_checks.findings import judge
from migration_checks.snapshot import Sequence as Counter
from migration_checks.transition import CatalogChange, Failure, Fate, Leg, Transition
from tests.transitions import (
    ITEMS,
    LOWER,
    RAISED,
    REFUSED,
    UPPER,
    ascend,
    descend,
    leap,
    left_over,
    lost_default,
    redo,
    residue,
    rows,
    sample,
    snapshot,
    thing,
    undo,
    values,
)

NULLED = residue(values(changed=50, nulled=50))
KEY = ("constraint", "public.items.ck")


def brief(findings: Sequence[Finding]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Check, where, subject and other places of each finding."""
    return [(each.check, f"{each.leg} {each.revision}", each.subject, each.also_at) for each in findings]


def judged(*transitions: Transition) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """The findings of a walk in brief."""
    return brief(judge(transitions, CHECKS))


def down(revision: str, start: str, end: str, **more: Any) -> Transition:
    """One leg of the way down."""
    return descend(revision, start, end, **more)


class TestFolding:
    """What is seen again."""

    def test_residue_at_lower_places_folds_into_the_undo_that_saw_it_first(self) -> None:
        """Values lost at the top are lost at every lower place too: one finding, at the revision that loses them."""
        walk = (
            undo("c", residue=NULLED),
            down("c", "c", "b", residue=NULLED),
            down("b", "b", "a", residue=residue(values(changed=40, nulled=40))),
        )

        assert judged(*walk) == [("MC304", "undo c", "public.items.note", ("descend c", "descend b"))]

    def test_what_only_the_chain_shows_stays_a_finding_of_its_own(self) -> None:
        """A downgrade that is right alone and wrong after others is found on the way down, at its highest place."""
        walk = (
            undo("c"),
            undo("b"),
            down("c", "c", "b"),
            down("b", "b", "a", residue=NULLED),
            down("a", "a", "0", residue=NULLED),
        )

        assert judged(*walk) == [("MC304", "descend b", "public.items.note", ("descend a",))]

    def test_a_place_that_loses_more_has_a_fault_of_its_own(self) -> None:
        """Ninety more values lost below are not explained by the ten that were lost above."""
        walk = (
            undo("c", residue=residue(values(changed=10))),
            down("c", "c", "b", residue=residue(values(changed=10))),
            down("b", "b", "a", residue=residue(values(changed=100))),
            down("a", "a", "0", residue=residue(values(changed=100))),
        )

        assert judged(*walk) == [
            ("MC304", "undo c", "public.items.note", ("descend c",)),
            ("MC304", "descend b", "public.items.note", ("descend a",)),
        ]

    def test_rows_that_were_set_aside_above_are_no_more_below(self) -> None:
        """The walk put values into some rows higher up, where they prove nothing; further down they are rows like any other."""
        walk = (
            undo("c", residue=residue(values(changed=10, set_aside=90))),
            down("c", "c", "b", residue=residue(values(changed=10, set_aside=90))),
            down("b", "b", "a", residue=residue(values(changed=60, set_aside=40))),
            down("a", "a", "0", residue=residue(values(changed=101))),
        )

        assert judged(*walk) == [
            ("MC304", "undo c", "public.items.note", ("descend c", "descend b")),
            ("MC304", "descend a", "public.items.note", ()),
        ]

    def test_two_faults_together_explain_their_sum(self) -> None:
        """Fifty values lost by one downgrade and fifty by the next make a hundred at the lower place, and no third fault."""
        walk = (
            undo("c", residue=NULLED),
            undo("b", residue=NULLED),
            down("c", "c", "b", residue=NULLED),
            down("b", "b", "a", residue=residue(values(changed=100))),
        )

        assert judged(*walk) == [
            ("MC304", "undo c", "public.items.note", ("descend c",)),
            ("MC304", "undo b", "public.items.note", ("descend b",)),
        ]

    def test_another_difference_of_the_same_object_is_another_finding(self) -> None:
        """A default that is lost above and altered below is two faults."""
        altered = CatalogChange("column", "public.items.note", "changed", {"default": ("0", "1")})
        walk = (
            undo("c", residue=residue(lost_default())),
            down("c", "c", "b", residue=residue(lost_default())),
            down("b", "b", "a", residue=residue(altered)),
        )

        assert judged(*walk) == [
            ("MC201", "undo c", "public.items.note", ("descend c",)),
            ("MC201", "descend b", "public.items.note", ()),
        ]

    def test_a_lower_undo_is_never_folded_into_a_higher_one(self) -> None:
        """Each revision is undone from its own place, so the same difference there is its own doing."""

        assert judged(undo("b", residue=NULLED), undo("c", residue=NULLED)) == [
            ("MC304", "undo b", "public.items.note", ()),
            ("MC304", "undo c", "public.items.note", ()),
        ]

    def test_a_gap_on_the_way_down_ends_the_explanation(self) -> None:
        """Where a place in between was right again, the same difference below is new."""
        walk = (
            down("c", "c", "b", residue=residue(left_over())),
            down("b", "b", "a"),
            down("a", "a", "0", residue=residue(left_over())),
        )

        assert [each[1] for each in judged(*walk)] == ["descend c", "descend a"]

    def test_a_walk_that_was_brought_back_in_between_ends_the_explanation(self) -> None:
        """A leg that does not start where the last one ended started from a clean copy."""
        walk = (down("d", "d", "c", residue=NULLED), down("b", "b", "a", residue=NULLED))

        assert [each[1] for each in judged(*walk)] == ["descend d", "descend b"]

    def test_the_same_failure_in_several_legs_is_one_finding(self) -> None:
        """UNDO, WRITES and DESCEND of one revision run the same downgrade; the gravest sighting is shown."""
        stays = {"after": UPPER, "failure": replace(RAISED, path="/x/b.py", line=9)}
        writes = undo("b", leg=Leg.WRITES, **stays)
        walk = (writes, undo("b", **stays), down("b", "b", "a", **stays | {"after": snapshot("b", tables=[ITEMS])}))

        found = judge(walk, CHECKS)

        assert brief(found) == [("MC102", "undo b", "public.items", ("writes b", "descend b"))]
        assert found[0].severity is Severity.ERROR

    def test_another_failure_is_another_finding(self) -> None:
        """The way down may fail for a reason of its own."""
        other = Failure("UndefinedTable", "gone", "42P01", path="/x/b.py", line=9)
        walk = (undo("b", after=UPPER, failure=RAISED), down("b", "b", "b", failure=other))

        assert [each[1] for each in judged(*walk) if each[0] == "MC102"] == ["undo b", "descend b"]

    def test_a_refusal_is_said_once(self) -> None:
        """A downgrade that raises NotImplementedError does so in every leg."""
        stays = {"after": UPPER, "failure": REFUSED}

        assert judged(undo("b", **stays), descend("b", after=UPPER, failure=REFUSED)) == [
            ("MC104", "undo b", "b", ("descend b",)),
        ]

    def test_a_leap_that_fails_like_a_single_step_is_that_failure(self) -> None:
        """MC105 is for what only the leap shows."""
        failure = replace(RAISED, path="/x/b.py", line=3)
        alone = leap(after=LOWER, failure=replace(failure, line=4))

        assert judged(ascend(after=LOWER, failure=failure), leap("c", after=LOWER, failure=failure)) == [
            ("MC101", "ascend b", "public.items", ("leap c",))
        ]
        assert judged(ascend(after=LOWER, failure=failure), alone) == [
            ("MC101", "ascend b", "public.items", ()),
            ("MC105", "leap b", "public.items", ()),
        ]

    def test_an_unread_table_is_named_once_in_the_whole_walk(self) -> None:
        """A table that cannot be read is met by every step."""
        changes = residue(unread={"public.f": "foreign server"})
        walk = (ascend("b", changes=changes), ascend("c", changes=changes), undo("c", residue=changes))

        assert judged(*walk) == [("MC901", "ascend b", "public.f", ("ascend c", "undo c"))]


class TestEmptyDowngrades:
    """What an empty downgrade leaves lies there at every lower place."""

    LEFT = residue(left_over(), values(changed=5))

    def test_the_lower_places_are_not_blamed(self) -> None:
        """What MC107 lists is known below it."""
        walk = (
            undo("c", downgrade_empty=True, residue=self.LEFT),
            down("c", "c", "b", downgrade_empty=True, residue=self.LEFT),
            down("b", "b", "a", residue=self.LEFT),
        )

        assert judged(*walk) == [("MC107", "undo c", "c", ("descend c", "descend b"))]

    def test_an_empty_downgrade_is_said_once_whatever_the_way_down_adds(self) -> None:
        """It does nothing, so what lies there beyond its own leavings is no second fault of it, nor of the places below."""
        more = residue(left_over(), left_over("public.more"), values(changed=9))
        walk = (
            undo("c", downgrade_empty=True, residue=self.LEFT),
            down("c", "c", "b", downgrade_empty=True, residue=more),
            down("b", "b", "a", residue=more),
        )

        assert judged(*walk) == [("MC107", "undo c", "c", ("descend c", "descend b"))]

    def test_an_empty_downgrade_is_not_blamed_for_what_came_from_above(self) -> None:
        """A merge revision has nothing to take back: on the way down others' residue lies there, and it is silent."""
        walk = (
            undo("d", residue=self.LEFT),
            undo("c", downgrade_empty=True),
            down("d", "d", "c", residue=self.LEFT),
            down("c", "c", "b", downgrade_empty=True, residue=self.LEFT),
            down("b", "b", "a", residue=self.LEFT),
        )

        assert judged(*walk) == [
            ("MC201", "undo d", "public.extra", ("descend d", "descend c", "descend b")),
            ("MC304", "undo d", "public.items.note", ("descend d", "descend c", "descend b")),
        ]

    def test_only_its_own_leavings_are_listed(self) -> None:
        """What came from above is not among the leaves, nor in the sentence."""
        walk = (
            down("d", "d", "c", residue=residue(left_over())),
            down("c", "c", "b", downgrade_empty=True, residue=self.LEFT),
            down("b", "b", "a", residue=self.LEFT),
        )

        above, own = judge(walk, CHECKS)

        assert brief([above, own]) == [
            ("MC201", "descend d", "public.extra", ("descend c", "descend b")),
            ("MC107", "descend c", "c", ("descend b",)),
        ]
        assert own.message == "The downgrade does nothing, and leaves 1 difference: public.items.note."
        assert [leaf["subject"] for leaf in own.evidence["leaves"]] == ["public.items.note"]  # type: ignore[union-attr,index,call-overload]

    def test_a_marked_revision_is_reported_even_when_all_it_leaves_is_known(self) -> None:
        """The mark is a statement of its own; what lies there from above is listed above."""
        walk = (
            down("d", "d", "c", residue=self.LEFT),
            down("c", "c", "b", marked_irreversible=True, residue=self.LEFT),
        )

        assert [each[:2] for each in judged(*walk)] == [
            ("MC201", "descend d"),
            ("MC304", "descend d"),
            ("MC104", "descend c"),
        ]


class TestConstraintsValidatedLater:
    """NOT VALID in one revision, VALIDATE CONSTRAINT in a later one."""

    UNVALIDATED = snapshot("b", objects=[thing(*KEY, validated=False)])
    VALIDATED = snapshot("c", objects=[thing(*KEY, validated=True)])

    def test_it_is_info_when_a_later_revision_validates_it(self) -> None:
        """That is how a constraint is added without a long lock."""
        walk = (
            ascend("b", after=self.UNVALIDATED),
            ascend("c", before=self.UNVALIDATED, after=self.VALIDATED, expected_heads={"c"}),
        )

        (found,) = judge(walk, CHECKS)

        assert found.severity is Severity.INFO
        assert found.message.endswith(", until revision c.")

    def test_it_is_an_error_when_none_does(self) -> None:
        """At head it would stay as it is; an earlier revision in which it did not exist is no cure."""
        still = replace(self.UNVALIDATED, heads=frozenset("c"))
        walk = (
            ascend("a", after=snapshot("a"), expected_heads={"a"}),
            ascend("b", after=self.UNVALIDATED),
            ascend("c", before=self.UNVALIDATED, after=still, expected_heads={"c"}),
        )

        (found,) = judge(walk, CHECKS)

        assert (found.check, found.severity) == ("MC206", Severity.ERROR)

    def test_a_step_that_fails_is_no_cure(self) -> None:
        """What a failed upgrade left half-way is no place that production reaches."""
        half = replace(self.VALIDATED, heads=frozenset("b"))
        walk = (ascend("b", after=self.UNVALIDATED), ascend("c", before=self.UNVALIDATED, after=half, failure=RAISED))

        assert Severity.ERROR is {each.check: each.severity for each in judge(walk, CHECKS)}["MC206"]

    def test_an_index_that_a_later_revision_mends_was_invalid_all_the_same(self) -> None:
        """Nobody builds an invalid index on purpose."""
        walk = (
            ascend("b", after=snapshot("b", objects=[thing("index", "public.i", valid=False)])),
            ascend("c", after=snapshot("c", objects=[thing("index", "public.i", valid=True)]), expected_heads={"c"}),
        )

        (found,) = judge(walk, CHECKS)

        assert (found.check, found.severity) == ("MC206", Severity.ERROR)


class TestFindings:
    """Addresses, order and choice."""

    WALK = (
        ascend("b", after=LOWER, failure=replace(RAISED, path="/x/b.py", line=12), location=("/x/b.py", 5)),
        undo(
            "b",
            residue=residue(lost_default(), left_over(), replace(left_over("public.z"), cosmetic=True)),
            location=("/x/b.py", 20),
        ),
        redo(residue=residue(values(changed=3))),
        ascend("c", fates=(Fate("public.items", "rows", "deleted", 5, lost=5, samples=(sample("1", "a", None),)),)),
        undo("c", residue=residue(rows(added=1))),
    )

    def test_worst_first_then_along_the_chain_then_by_leg_and_subject(self) -> None:
        """The order in which people should read them."""

        assert [each[:3] for each in judged(*self.WALK)] == [
            ("MC101", "ascend b", "public.items"),
            ("MC201", "undo b", "public.extra"),
            ("MC201", "undo b", "public.items.note"),
            ("MC305", "redo b", "public.items.note"),
            ("MC301", "ascend c", "public.items"),
            ("MC304", "undo c", "public.items"),
            ("MC204", "undo b", "public.z"),
        ]

    def test_a_finding_points_at_the_line_that_raised_else_at_the_step(self) -> None:
        """An annotation belongs where the reader has to look."""
        found = {each.check: each.location for each in judge(self.WALK, CHECKS)}

        assert found["MC101"] == Location("/x/b.py", 12)
        assert found["MC201"] == Location("/x/b.py", 20)
        assert found["MC301"] is None

    def test_only_and_skip_choose_what_is_shown(self) -> None:
        """Ids choose; an empty `only` means all."""

        assert {"MC201", "MC305"} == {each.check for each in judge(self.WALK, CHECKS, only={"MC201", "MC305"})}
        assert "MC201" not in {each.check for each in judge(self.WALK, CHECKS, skip={"MC201"})}
        assert list(judge(self.WALK, CHECKS, only={"MC201"}, skip={"MC201"})) == []

    def test_a_skipped_check_still_explains_what_lies_below(self) -> None:
        """Skipping MC107 does not turn what an empty downgrade leaves into somebody else's MC201."""
        walk = (
            down("c", "c", "b", downgrade_empty=True, residue=residue(left_over())),
            down("b", "b", "a", residue=residue(left_over())),
        )

        assert list(judge(walk, CHECKS, skip={"MC107"})) == []

    def test_no_walk_no_findings(self) -> None:
        """Nothing in, nothing out."""

        assert judge((), CHECKS) == ()


def shuffled(value: Any, random: Random) -> Any:
    """The same value with every mapping, and every collection whose order means nothing, in another order."""
    if isinstance(value, Mapping):
        items = [(key, shuffled(each, random)) for key, each in value.items()]
        random.shuffle(items)
        return dict(items)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _mixed(value, each.name, random) for each in fields(value) if each.init})
    return value


UNORDERED = {"catalog", "tables", "fates", "drift", "discarded", "sequences", "columns"}


def _mixed(value: Any, name: str, random: Random) -> Any:
    inner = getattr(value, name)
    if isinstance(inner, tuple) and name in UNORDERED:
        return tuple(random.sample([shuffled(each, random) for each in inner], len(inner)))
    return shuffled(inner, random)


EVERYTHING = (
    ascend(
        "b",
        before=snapshot("a", answers={"sums": None}),
        after=snapshot(
            "b",
            tables=[ITEMS],
            objects=[thing("index", "public.i", valid=False), thing("trigger", "public.t.x", enabled="D")],
            sequences=[Counter("public.s", "public.items.id", 1, 9), Counter("public.r", "public.items.n", 1, 9)],
            answers={"sums": "x", "names": "y", "falsified:ages": "z"},
        ),
        unfilled={"public.y": "why", "public.x": "why not"},
        fates=(Fate("public.items.b", "values", "dropped", 9, lost=9), Fate("public.items.a", "values", "dropped", 9, lost=9)),
        drift=("b", "a"),
    ),
    undo(
        "b", downgrade_empty=True, residue=residue(lost_default(), left_over(), values(changed=3), rows("public.z", missing=4))
    ),
    undo("c", residue=residue(lost_default(), left_over(), values(changed=3), rows("public.z", missing=4, added=2))),
    redo(residue=residue(left_over("public.v"), left_over("public.u"), values("b", 2), rows("public.z", added=2))),
    down("c", "c", "b", residue=residue(lost_default(), left_over(), values(changed=3), unread={"q": "1", "p": "2"})),
    down("b", "b", "a", downgrade_empty=True, residue=residue(lost_default(), left_over(), values(changed=3))),
)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_the_order_of_mappings_and_sets_never_shows(seed: int) -> None:
    """Whatever order facts arrive in, the findings are the same, down to the bytes of their JSON."""
    expected, random = judge(EVERYTHING, CHECKS), Random(seed)

    found = judge([shuffled(each, random) for each in EVERYTHING], CHECKS)

    assert len(expected) > 15
    assert list(expected) == list(found)
    assert [json.dumps(each.evidence) for each in expected] == [json.dumps(each.evidence) for each in found]
