"""Filling a whole schema: the order of tables, what refers to what, and reasons for what stays empty.

`Shelf` is a server that takes whatever rows it is given, unless told to refuse a table, and shows what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from migration_checks.profile.values import ColumnProfile, Profile, TableProfile
from migration_checks.seeding import Synthesizer
from migration_checks.seeding.batch import Batch
from migration_checks.seeding.calm import calm, deferred
from migration_checks.seeding.columns import tied
from migration_checks.seeding.copy import copy_rows, lines, ordered
from migration_checks.seeding.filling import first_line, further, prune
from migration_checks.seeding.keys import Keys
from migration_checks.seeding.schema import Leaf, Relation, Table, Type
from migration_checks.seeding.schema import Sequence as Numbering
from migration_checks.seeding.sequences import advance
from tests.schemas import INT, MOOD, NUMERIC, TEXT, column, enum, primary, refers, table, unique

Row = dict[str, str | None]


class Shelf:
    """A connection to tables that hold what was copied or inserted into them."""

    def __init__(self, *tables: Table, refused: Mapping[str, str] | None = None) -> None:
        self.schema = tables
        self.held: dict[str, list[Row]] = {each.name: [] for each in tables}
        self.refused = dict(refused or {})
        self.order: list[str] = []
        self.sent: list[str] = []
        self.dislikes: Callable[[Row], bool] = lambda row: False
        self.info = SimpleNamespace(server_version=180000, parameter_status=lambda name: "on" if "super" in name else "UTF8")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        before = deepcopy(self.held)
        try:
            yield
        except BaseException:
            self.held = before
            raise

    @contextmanager
    def cursor(self) -> Iterator[Shelf]:
        yield self

    rowcount = 0

    @contextmanager
    def copy(self, statement: bytes) -> Iterator[Shelf]:
        target, listed = re.match(r"COPY (\S+) \((.*)\) FROM STDIN", statement.decode()).groups()  # type: ignore[union-attr]
        self.target, self.names = target, [name.strip('"') for name in listed.split(", ")]
        if target in self.refused:
            raise psycopg.errors.CheckViolation(self.refused[target])
        self.order.append(target)
        yield self
        self.rowcount = len(self.held[target])

    def write(self, text: str) -> None:
        for line in text.splitlines():
            values = [None if value == "\\N" else value for value in line.split("\t")]
            self.held[self.target].append(dict(zip(self.names, values, strict=True)))

    def execute(self, query: bytes | str, parameters: Any = None, **options: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else query
        self.sent.append(text)
        rows = self._answer(text, parameters)
        return SimpleNamespace(fetchall=lambda: rows, fetchone=lambda: rows[0] if rows else None)

    def _answer(self, text: str, parameters: Any) -> list[tuple[Any, ...]]:
        if insert := re.match(r"INSERT INTO (\S+) \((.*)\) VALUES", text):
            row = dict(zip([name.strip('"') for name in insert[2].split(", ")], parameters, strict=True))
            if self.dislikes(row):
                raise psycopg.errors.RaiseException("a trigger says no")
            self.held[insert[1]].append(row)
        elif "NOT EXISTS" in text:
            return [([False] * text.count("NOT EXISTS"),)]
        elif text.startswith("SELECT ARRAY[EXISTS"):
            return [([bool(self.held.get(name)) for name in re.findall(r"SELECT FROM (?:ONLY )?([^\s)]+)\)", text)],)]
        elif held := re.match(r"SELECT (.*::text) FROM (\S+) ", text):
            names = re.findall(r'"(\w+)"::text', held[1])
            return [tuple(row.get(name) for name in names) for row in self.held[held[2]]]
        return []


def synthesizer(shelf: Shelf, rows: int = 20, seed: int = 1, profile: Profile | None = None, scale: float = 1.0) -> Synthesizer:
    made = Synthesizer(shelf, rows=rows, seed=seed, profile=profile, scale=scale)  # type: ignore[arg-type]
    relations = tuple(
        Relation(oid, each.name, each.name.split(".")[1], False, True, None) for oid, each in enumerate(shelf.schema)
    )
    made._reader = SimpleNamespace(  # type: ignore[assignment]
        relations=lambda: relations, tables=lambda oids: tuple(shelf.schema[oid] for oid in sorted(oids))
    )
    return made


def values(shelf: Shelf, name: str, field: str) -> list[str | None]:
    return [row[field] for row in shelf.held[f"public.{name}"]]


def serial(name: str = "id") -> Any:
    return column(name, INT, identity="d")


USERS = table("users", serial(), column("email", TEXT, not_null=True), uniques=[primary("id"), unique("email")])
POSTS = table(
    "posts", serial(), column("author", INT, not_null=True), keys=[refers("author", to="users")], uniques=[primary("id")]
)
NOTES = table("notes", column("post", INT), column("mood", MOOD), keys=[refers("post", to="posts")])


def test_parents_are_filled_first_and_referred_to() -> None:
    """Whatever the order in which tables are listed."""
    shelf = Shelf(NOTES, POSTS, USERS)
    filled = synthesizer(shelf).top_up()

    assert shelf.order == ["public.users", "public.posts", "public.notes"]
    assert filled.tables == {"public.users": 20, "public.posts": 20, "public.notes": 20}
    assert set(values(shelf, "posts", "author")) <= set(values(shelf, "users", "id"))
    assert set(values(shelf, "notes", "post")) <= {None, *values(shelf, "posts", "id")}
    assert filled.unfilled == {}


def test_the_seed_decides_what_is_written() -> None:
    """Twice the same, and something else for another seed."""
    first, again, other = Shelf(USERS, POSTS), Shelf(USERS, POSTS), Shelf(USERS, POSTS)
    synthesizer(first).top_up()
    synthesizer(again).top_up()
    synthesizer(other, seed=2).top_up()

    assert first.held == again.held
    assert first.held != other.held


def test_tables_that_hold_rows_are_left_alone() -> None:
    """And their keys are referred to."""
    shelf = Shelf(USERS, POSTS)
    shelf.held["public.users"] = [{"id": "7", "email": "a@b.example"}]
    filled = synthesizer(shelf).top_up()

    assert filled.tables == {"public.posts": 20}
    assert set(values(shelf, "posts", "author")) == {"7"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"skip": ["public.posts"]}, {"public.users"}),
        ({"skip": ["posts"]}, {"public.users"}),
        ({"only": ["public.users"]}, {"public.users"}),
        ({"only": []}, set()),
    ],
)
def test_tables_may_be_left_out(asked: dict[str, Any], expected: set[str]) -> None:
    """By either of their names."""
    assert synthesizer(Shelf(USERS, POSTS)).top_up(**asked).tables.keys() == expected


def test_a_table_that_cannot_be_filled_says_why_and_hinders_no_other() -> None:
    """What must refer to it cannot be filled either, and says that."""
    hopeless = table("users", serial(), column("v", enum("void"), not_null=True), uniques=[primary("id")])
    shelf = Shelf(hopeless, POSTS, table("free", column("s", TEXT)))
    filled = synthesizer(shelf).top_up()

    assert filled.tables.keys() == {"public.free"}
    assert "no value of type" in filled.unfilled["public.users"]
    assert "it must refer to public.users" in filled.unfilled["public.posts"]


def test_what_failed_is_not_tried_again_unless_something_changed() -> None:
    """Failing costs the most; once the parent has rows it is tried again."""
    shelf = Shelf(USERS, POSTS)
    made = synthesizer(shelf)
    first = made.top_up(skip=["users"])
    assert "it must refer to" in first.unfilled["public.posts"]
    shelf.sent.clear()
    again = made.top_up(skip=["users"])
    asked = [each for each in shelf.sent if "FROM public.users" in each]
    filled = made.top_up()

    assert (again.unfilled, asked) == (first.unfilled, [])
    assert filled.tables.keys() == {"public.users", "public.posts"}


def test_tables_that_refer_to_one_another_in_a_circle() -> None:
    """Every row points at one that is there, or nowhere where it may."""
    teams = table("teams", serial(), column("lead", INT), keys=[refers("lead", to="people")], uniques=[primary("id")])
    people = table(
        "people", serial(), column("team", INT, not_null=True), keys=[refers("team", to="teams")], uniques=[primary("id")]
    )
    shelf = Shelf(teams, people)
    filled = synthesizer(shelf).top_up()

    assert filled.unfilled == {}
    assert set(values(shelf, "people", "team")) <= set(values(shelf, "teams", "id"))
    leads = set(values(shelf, "teams", "lead"))
    assert leads - {None}
    assert leads <= {None, *values(shelf, "people", "id")}


def test_a_partitioned_table_without_partitions() -> None:
    """There is nowhere to put a row."""
    made = table("parts", column("n", INT), leaves=[Leaf("public.p1", "((n > 0))")], partition_key=["n"])
    shelf = Shelf(Table(made.name, made.relation, made.columns, partitioned=True, partition_key=("n",)))

    assert synthesizer(shelf).top_up().unfilled == {"public.parts": "it has no partition that could hold a row"}


def test_a_fault_of_seeding_itself_ends_no_walk() -> None:
    """It is said of the table that it was about."""
    unheard = Type("public", "unheard", "public.unheard", "c", attributes=None)  # type: ignore[arg-type]
    broken = table("broken", column("a", unheard))
    filled = synthesizer(Shelf(broken, USERS)).top_up()

    assert filled.unfilled["public.broken"].startswith("seeding failed on it with")
    assert filled.tables.keys() == {"public.users"}


def test_a_profile_decides_how_many_rows_there_are() -> None:
    """At the scale asked for; a table that it does not know gets the usual number."""
    known = Profile("18.6", True, (TableProfile("public.users", 400, None, (ColumnProfile("email", "text"),)),))
    filled = synthesizer(Shelf(USERS, POSTS), profile=known, scale=0.1).top_up()

    assert filled.tables == {"public.users": 40, "public.posts": 20}


def test_rows_are_written_as_an_application_would() -> None:
    """One by one, without the columns that the database numbers, with keys that are free."""
    shelf = Shelf(USERS)
    made = synthesizer(shelf)
    made.top_up()
    before = len(shelf.held["public.users"])
    written = made.write(["public.users", "public.gone"], 5)
    emails = values(shelf, "users", "email")

    assert (written.tables, len(shelf.held["public.users"])) == ({"public.users": 5}, before + 5)
    assert len(set(emails)) == len(emails)
    assert all("id" not in row for row in shelf.held["public.users"][before:])
    assert written.unfilled == {"public.gone": "there is no such table"}


def test_rows_that_a_trigger_refuses_are_replaced_and_counted() -> None:
    """As long as there are others."""
    shelf = Shelf(table("t", serial(), column("s", TEXT, not_null=True), uniques=[primary("id")]))
    made = synthesizer(shelf)
    made.top_up()
    shelf.dislikes = lambda row: True
    written = made.write(["public.t"], 4)

    assert written.tables == {"public.t": 0}
    assert written.unfilled["public.t"] == "12 rows were refused, 0 of 4 written: a trigger says no"


def test_a_table_of_generated_columns_gets_rows_of_defaults() -> None:
    """There is nothing to name in an INSERT."""
    shelf = Shelf(table("t", column("n", INT, generated=True)))
    filled = synthesizer(shelf, rows=3).top_up()

    assert filled.tables == {"public.t": 3}
    assert shelf.sent.count("INSERT INTO public.t DEFAULT VALUES") == 3


def test_conditions_that_no_row_meets_are_told() -> None:
    """By their text, as PostgreSQL writes it."""
    hopeless = table("t", column("a", INT, not_null=True), column("b", INT, not_null=True), checks=["(a < b)", "(b < a)"])

    assert synthesizer(Shelf(hopeless)).top_up().unfilled == {"public.t": "CHECK (a < b) and (b < a) could not be satisfied"}


def test_a_circle_that_the_server_refuses_is_told_of_all_its_tables() -> None:
    """None of them holds rows that point nowhere."""
    a = table("a", serial(), column("b", INT), keys=[refers("b", to="b")], uniques=[primary("id")])
    b = table("b", serial(), column("a", INT), keys=[refers("a", to="a")], uniques=[primary("id")])
    shelf = Shelf(a, b, refused={"public.b": "no\nDETAIL: x"})
    filled = synthesizer(shelf).top_up()

    assert filled.unfilled == {"public.a": "no", "public.b": "no"}
    assert shelf.held == {"public.a": [], "public.b": []}


def test_references_that_prove_to_dangle_are_told() -> None:
    """As a replica the session is not asked about them until the end."""
    shelf = Shelf(USERS, POSTS)
    answer = shelf._answer
    shelf._answer = lambda text, given: [([True],)] if "NOT EXISTS" in text else answer(text, given)  # type: ignore[method-assign]
    filled = synthesizer(shelf).top_up()

    assert filled.unfilled == {"public.posts": "no rows could be found that foreign key author_fkey accepts"}
    assert shelf.held["public.posts"] == []


def test_a_row_of_defaults_is_written_where_nothing_is_given() -> None:
    """An application that leaves everything to the database."""
    shelf = Shelf(table("t", serial(), uniques=[primary("id")]))
    made = synthesizer(shelf, rows=2)
    made.top_up()
    written = made.write(["public.t"], 2)

    assert written.tables == {"public.t": 2}
    assert shelf.sent.count("INSERT INTO public.t DEFAULT VALUES") == 2


def test_a_table_whose_rows_cannot_be_drawn_is_not_written_to() -> None:
    """And that is said in a phrase."""
    shelf = Shelf(table("t", column("v", enum("void"), not_null=True)))
    shelf.held["public.t"] = [{"v": "gone"}]

    assert synthesizer(shelf).write(["public.t"], 2).unfilled == {
        "public.t": '0 rows were refused, 0 of 2 written: no value of type public.void is known for "v"'
    }


# -- parts -------------------------------------------------------------------------------------------------------------


def batch(count: int, **columns: Sequence[str | None]) -> Batch:
    return Batch(count, {name: list(values) for name, values in columns.items()})


def test_rows_that_point_at_dropped_rows_are_dropped() -> None:
    """And those that point at these, until none does."""
    a = table("a", column("id", INT), column("b", INT), keys=[refers("b", to="b")])
    b = table("b", column("id", INT), column("a", INT), keys=[refers("a", to="a")])
    batches = {"public.a": batch(3, id="123", b=["1", "2", None]), "public.b": batch(2, id="12", a="13")}
    batches["public.b"].dropped.add(0)
    prune([a, b], batches)

    assert batches["public.a"].spread("id") == ["2", "3"]
    assert batches["public.b"].spread("id") == ["2"]


def test_a_short_column_repeats() -> None:
    """Dropped rows are left out of it."""
    made = batch(7, a="1234567", b=["x", "y", None])
    made.dropped.update({0, 3})

    assert made.spread("b") == ["y", None, "y", None, "x"]
    assert (made.value("b", 4), made.rows) == ("y", 5)


def test_rows_are_written_with_the_columns_that_repeat_last() -> None:
    """In COPY's text format, where tabs and ends of lines are spelled out."""
    made = batch(4, short=["x\ty", None], whole=["1", "2", "3\n", "4"])
    made.dropped.add(1)
    placed = ordered(made, [column("short", TEXT), column("whole", TEXT)])

    assert [each.name for each in placed] == ["whole", "short"]
    assert list(lines(made, ["whole", "short"])) == ["1\tx\\ty", "3\\n\tx\\ty", "4\t\\N"]
    assert list(lines(batch(3), [])) == ["", "", ""]


def test_keys_are_those_drafted_until_the_table_proves_to_hold_others() -> None:
    """Then they are read, whole numbers in their order."""
    shelf = Shelf(USERS)
    shelf.held["public.users"] = [{"id": number} for number in ("10", "9", "100")]
    keys = Keys(shelf)  # type: ignore[arg-type]
    keys.drafted("public.users", batch(3, id=["1", None, "2"]))
    key = refers("author", to="users")

    assert keys.of(key) == [("1",), ("2",)]
    assert shelf.sent == []
    keys.stale("public.users")
    assert keys.of(key) == [("9",), ("10",), ("100",)]


@pytest.mark.parametrize(
    ("expected", "held", "numbering"),
    [
        (101, ["9", None, "100"], Numbering("s", 5, 1, 1, 1000)),
        (5, [None], Numbering("s", 5, 1, 1, 1000)),
        (-4, ["-3", "-1"], Numbering("s", -1, -1, -1000, -1)),
        (8, ["7.5", "Infinity", "NaN"], Numbering("s", 1, 1, 1, 1000)),
    ],
)
def test_numbers_go_on_where_they_ended(expected: int, held: list[str | None], numbering: Numbering) -> None:
    """In the direction of the sequence, and past numbers that no sequence ever gave."""
    made = table("t", column("id", NUMERIC, sequence=numbering, default="nextval('s'::regclass)"), uniques=[primary("id")])
    shelf = Shelf(made)
    shelf.held["public.t"] = [{"id": value} for value in held]

    assert {"id": expected} == further(shelf, made, 1, "salt").first  # type: ignore[arg-type]


def test_many_rows_are_copied_in_pieces() -> None:
    """None is lost between two of them."""
    shelf = Shelf(table("t", column("n", INT)))
    written = copy_rows(shelf, "public.t", ['"n"'], map(str, range(10_000)))  # type: ignore[arg-type]

    assert (10_000, [str(k) for k in range(10_000)]) == (written, values(shelf, "t", "n"))
    assert 0 == copy_rows(Shelf(USERS), "public.users", ['"id"'], iter(()))  # type: ignore[arg-type]


def test_columns_that_a_rule_ties_together() -> None:
    """Through a condition, a key or a reference: what the rows hold there must be known."""
    made = table(
        "t",
        column("a", INT),
        column("b", INT),
        column("c", INT),
        column("d", INT),
        column("e", INT),
        column("f", INT),
        column("g", INT),
        checks=["(a < b)"],
        uniques=[unique("a", "c", where="(d > 0)")],
        keys=[refers("f", "g", to="u", columns=("x", "y"))],
    )

    assert tied(made, frozenset({"f"})) == ["g"]
    assert tied(made, frozenset({"a"})) == ["b", "c", "d"]
    assert tied(made, frozenset({"e"})) == []


def test_sequences_are_moved_past_what_was_written() -> None:
    """Those of numeric columns only."""
    shelf = Shelf()
    advance(shelf, table("t", serial(), column("s", TEXT)))  # type: ignore[arg-type]

    assert len(shelf.sent) == 1
    assert 'max("id")' in shelf.sent[0]


def test_foreign_keys_wait_for_the_end_and_are_put_back() -> None:
    """Those between the tables of a circle, but for those that may wait anyway."""
    shelf = Shelf()
    made = table("a", column("b", INT), keys=[refers("b", to="a"), refers("c", to="elsewhere")])
    with deferred(shelf, [made]):  # type: ignore[arg-type]
        assert shelf.sent[0] == 'ALTER TABLE public.a ALTER CONSTRAINT "b_fkey" DEFERRABLE INITIALLY DEFERRED'
        assert len(shelf.sent) == 2

    assert shelf.sent[2:] == [
        "SET CONSTRAINTS ALL IMMEDIATE",
        'ALTER TABLE public.a ALTER CONSTRAINT "b_fkey" NOT DEFERRABLE',
    ]


def test_triggers_and_row_security_are_put_back_as_they_were() -> None:
    """One that fires always fires always again."""
    shelf = Shelf()
    answers = {"pg_trigger": [("one", "O"), ('"Two"', "A")], "relforcerowsecurity": [(True,)]}
    shelf._answer = lambda text, parameters: next((rows for part, rows in answers.items() if part in text), [])  # type: ignore[method-assign,assignment]
    with calm(shelf, USERS):  # type: ignore[arg-type]
        assert shelf.sent[2:] == [
            "ALTER TABLE public.users DISABLE TRIGGER one",
            'ALTER TABLE public.users DISABLE TRIGGER "Two"',
            "ALTER TABLE public.users NO FORCE ROW LEVEL SECURITY",
        ]
        shelf.sent.clear()

    assert shelf.sent == [
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE public.users ENABLE TRIGGER one",
        'ALTER TABLE public.users ENABLE ALWAYS TRIGGER "Two"',
        "ALTER TABLE public.users FORCE ROW LEVEL SECURITY",
    ]


def test_a_reason_is_one_line() -> None:
    """Whatever the server says."""
    assert first_line("no\nDETAIL: x") == "no"
    assert first_line("") == "the server refused its rows"
