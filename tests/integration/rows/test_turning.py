"""A session that looks at the catalog and at rows has the settings that suit each, whatever failed or was rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migration_checks.connection import connect
from migration_checks.rows.workshop import Workshop, settle_in

SETTINGS = "SELECT json_build_array(current_setting('enable_nestloop'), current_setting('enable_mergejoin'))"
FOR_ROWS, FOR_CATALOG = ["off", "off"], ["on", "on"]


@pytest.fixture
def shop(database: str) -> Iterator[Workshop]:
    """A workshop in a session that it shares with whoever reads the catalog."""
    with connect(database) as connection:
        settle_in(connection)
        yield Workshop(connection, private=True)


def by_rows(shop: Workshop) -> list[str]:
    """The settings as a statement about rows finds them."""
    (found,) = shop.row(SETTINGS)
    return list(found)


def by_catalog(shop: Workshop) -> list[str]:
    """The settings as a question about the catalog finds them."""
    (found,) = shop.look(SETTINGS.encode())
    return list(found)


def test_to_and_fro(shop: Workshop) -> None:
    """Each finds its own, however often the other came in between; the answer is that of the statement."""
    for _ in range(2):
        assert FOR_ROWS == by_rows(shop)
        assert FOR_ROWS == by_rows(shop)
        assert FOR_CATALOG == by_catalog(shop)
        assert FOR_CATALOG == by_catalog(shop)


@pytest.mark.parametrize("turned", [False, True])
def test_a_statement_that_fails(shop: Workshop, turned: bool) -> None:
    """Takes back what was set on the way to it, and only that."""
    if turned:
        by_rows(shop)
    with pytest.raises(psycopg.errors.DivisionByZero):
        shop.rows("SELECT 1 / 0")

    assert FOR_ROWS == by_rows(shop)
    assert FOR_CATALOG == by_catalog(shop)


@pytest.mark.parametrize("turned", [False, True])
def test_a_transaction_that_is_rolled_back(shop: Workshop, turned: bool) -> None:
    """It may have begun with the settings."""
    if turned:
        by_rows(shop)
    with pytest.raises(psycopg.errors.DivisionByZero), shop.work():
        shop.rows(f"SELECT 1 / 0 FROM ({SETTINGS}) s")

    assert FOR_ROWS == by_rows(shop)
    assert FOR_CATALOG == by_catalog(shop)


def test_a_part_that_is_rolled_back(shop: Workshop) -> None:
    """The rest of the transaction goes on with the settings of rows."""
    with shop.work():
        with pytest.raises(psycopg.errors.DivisionByZero), shop.attempt():
            shop.rows("SELECT 1 / 0")
        assert FOR_ROWS == by_rows(shop)

    assert FOR_CATALOG == by_catalog(shop)


def test_another_connection(shop: Workshop, database: str) -> None:
    """Nothing has been set there yet."""
    by_rows(shop)
    with connect(database) as connection:
        settle_in(connection)
        shop.connection = connection

        assert FOR_ROWS == by_rows(shop)
        assert FOR_CATALOG == by_catalog(shop)
