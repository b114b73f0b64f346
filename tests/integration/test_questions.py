"""Invariants and contracts are asked as an application would ask them, and what was never asked is known."""

from __future__ import annotations

from collections.abc import Mapping

from migration_checks.connection import connect
from migration_checks.lineage import Contract, Invariant, Lineage
from migration_checks.questions import Questions

ENTRIES = "CREATE TABLE public.entries AS SELECT 1 AS id, 5 AS debit, 4 AS credit"


def ask(database: str, lineage: Lineage) -> Mapping[str, str | None]:
    with connect(database) as connection:
        connection.execute(ENTRIES)
        return Questions(lineage).ask(connection, ("a1",))


def test_names_without_a_schema_are_those_of_public(database: str) -> None:
    """An invariant and a contract may name tables as the application does."""
    lineage = Lineage(
        "ledger",
        invariants=(Invariant("both sides agree", "SELECT id FROM entries WHERE debit <> credit"),),
        contracts=(Contract("the list of entries", ("SELECT id FROM entries",)),),
    )

    assert ask(database, lineage) == {"both sides agree": "1", "contract:the list of entries": None}


def test_a_contract_leaves_nothing_behind(database: str) -> None:
    """What its statements write is rolled back, and the toolkit's session finds no name without a schema afterwards."""
    with connect(database) as connection:
        connection.execute(ENTRIES)
        questions = Questions(Lineage("ledger", contracts=(Contract("no entries", ("DELETE FROM entries",)),)))

        assert questions.ask(connection, ()) == {"contract:no entries": None}
        assert connection.execute("SELECT count(*), current_setting('search_path') FROM public.entries").fetchone() == (
            1,
            "pg_catalog",
        )


def test_a_question_that_nothing_answers_is_named(database: str) -> None:
    """One that names what exists nowhere was never asked, which is not the same as holding."""
    lineage = Lineage(
        "ledger",
        invariants=(
            Invariant("known", "SELECT id FROM entries WHERE false"),
            Invariant("misspelt", "SELECT id FROM entrys"),
            Invariant("falsified", "SELECT id FROM entries WHERE false", falsified=True),
        ),
    )

    answers = ask(database, lineage)

    assert answers == {"known": None, "falsified:falsified": None}
    assert Questions(lineage).unasked([{}, answers]) == ("misspelt",)
