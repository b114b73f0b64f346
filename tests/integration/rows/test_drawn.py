"""Rows under keys that two runs of a step draw in another order are the same rows; rows that were there keep their keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from migration_checks.database import connect
from migration_checks.rows import Rows
from migration_checks.transition import Changes

BEGIN = "CREATE TABLE person (id serial PRIMARY KEY, name text); INSERT INTO person (name) VALUES ('Ada'), ('Bo'), ('Cy')"
SPLIT = """
CREATE TABLE post (id serial PRIMARY KEY, person int NOT NULL REFERENCES person, note text);
INSERT INTO post (person, note) SELECT id, 'of ' || name FROM person ORDER BY id {order};
CREATE TABLE reply (id serial PRIMARY KEY, post int NOT NULL REFERENCES post, "select" text);
INSERT INTO reply (post, "select") SELECT id, note FROM post ORDER BY person {order};
ALTER TABLE person ADD first int REFERENCES post;
UPDATE person SET first = post.id FROM post WHERE post.person = person.id;
"""
BACK = "ALTER TABLE person DROP first; DROP TABLE reply; DROP TABLE post"


def twice(url: str, first: str, second: str, back: str) -> Changes:
    """What differs between two runs of a step from the same start."""
    with connect(url) as connection:
        rows = Rows(connection)
        connection.execute("SET search_path = public")
        connection.execute(BEGIN)
        origin = rows.read(None, keep=True)
        connection.execute(first)
        after = rows.read(origin, keep=True)
        connection.execute(back)
        connection.execute(second)
        now = rows.read(after, keep=False)
        window = (datetime.now(UTC) - timedelta(minutes=1), datetime.now(UTC) + timedelta(minutes=1))
        return rows.compare(after, now, windows=(window, window), origin=origin)


def unexplained(changes: Changes) -> dict[str, int]:
    """Rows and values that differ and that chance does not explain, by table or column."""
    found = {table.table: table.missing + table.added for table in changes.tables if table.missing or table.added}
    for table in changes.tables:
        found |= {f"{table.table}.{each.column}": n for each in table.columns if (n := each.changed - each.volatile)}
    return found


def test_rows_with_drawn_keys_are_paired_by_content(database: str) -> None:
    """Numbers follow the order of insertion; children, and columns that refer to them, follow the numbers."""
    changes = twice(database, SPLIT.format(order="ASC"), SPLIT.format(order="DESC"), BACK)

    assert unexplained(changes) == {}
    assert changes.rows_compared == 9


def test_another_content_is_not_paired_away(database: str) -> None:
    """A note that differs is one value that differs."""
    second = SPLIT.format(order="ASC") + "UPDATE post SET note = 'of nobody' WHERE note = 'of Bo'"
    changes = twice(database, SPLIT.format(order="ASC"), second, BACK)

    assert unexplained(changes) == {"public.post.note": 1}


def test_a_child_that_moves_to_another_parent_is_seen(database: str) -> None:
    """The reply to the note of Ada becomes one to the note of Bo, however the notes are numbered."""
    second = SPLIT.format(order="DESC") + (
        "UPDATE reply SET post = (SELECT id FROM post WHERE note = 'of Bo') WHERE \"select\" = 'of Ada'"
    )
    changes = twice(database, SPLIT.format(order="ASC"), second, BACK)

    assert sum(unexplained(changes).values()) > 0


def test_rows_that_were_there_keep_their_keys(database: str) -> None:
    """Names that change places among rows that both runs found are values that differ, although the key has a sequence."""
    keep = "UPDATE person SET name = name || '!'"
    swap = "UPDATE person SET name = CASE id WHEN 1 THEN 'Bo!' WHEN 2 THEN 'Ada!' ELSE 'Cy!' END"
    changes = twice(database, keep, swap, "UPDATE person SET name = rtrim(name, '!')")

    assert unexplained(changes) == {"public.person.name": 2}


def test_a_number_that_the_step_draws_for_each_row_says_nothing(database: str) -> None:
    """ADD COLUMN ... serial numbers the rows as they lie."""
    first = "ALTER TABLE person ADD number serial"
    second = first + "; UPDATE person SET number = 4 - number"
    changes = twice(database, first, second, "ALTER TABLE person DROP number")

    assert unexplained(changes) == {}


KEYED = """
CREATE TABLE tag (word text, colour text);
INSERT INTO tag VALUES ('a', 'red'), ('b', 'red'), ('c', NULL), ('c', NULL);
"""
NUMBERED = """
ALTER TABLE tag ADD id int;
UPDATE tag SET id = n FROM (SELECT ctid AS at, row_number() OVER (ORDER BY ctid {order}) AS n FROM tag) AS r WHERE at = ctid;
CREATE SEQUENCE tag_id_seq OWNED BY tag.id; ALTER TABLE tag ALTER id SET DEFAULT nextval('tag_id_seq'), ADD PRIMARY KEY (id);
CREATE TABLE label (tag int PRIMARY KEY REFERENCES tag, word text, place int);
INSERT INTO label (tag, word) SELECT id, word FROM tag;
"""
UNNUMBERED = "DROP TABLE label; ALTER TABLE tag DROP id"


def test_rows_that_the_step_gave_their_keys_are_paired_by_content(database: str) -> None:
    """Nothing but their order numbers the rows of a table without a key; who refers to them by that key follows."""
    with connect(database) as connection:
        connection.execute("SET search_path = public")
        connection.execute(KEYED)
    changes = twice(database, NUMBERED.format(order="ASC"), NUMBERED.format(order="DESC"), UNNUMBERED)

    assert unexplained(changes) == {}


def test_another_word_under_a_key_that_the_step_gave_is_seen(database: str) -> None:
    """A label that got the word of another row, and a place that follows the order."""
    with connect(database) as connection:
        connection.execute("SET search_path = public")
        connection.execute(KEYED)
    second = NUMBERED.format(order="DESC") + (
        "UPDATE label SET word = 'a' FROM tag WHERE id = label.tag AND tag.word = 'b';"
        "UPDATE tag SET colour = 'blue' WHERE word = 'a'"
    )
    changes = twice(database, NUMBERED.format(order="ASC"), second, UNNUMBERED)

    assert {name.split(".")[1] for name in unexplained(changes)} == {"tag", "label"}
