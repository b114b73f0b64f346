"""Budgets are read strictly, and rows of production are looked up as people write names."""

from __future__ import annotations

import pytest

from migration_checks.budgets import KEYS, Budgets, Production, read_budgets
from migration_checks.errors import ConfigurationError
from migration_checks.fields import Fields
from migration_checks.profile import Profile
from migration_checks.profile.values import TableProfile


def table(**values: object) -> Fields:
    return Fields(values, "[tool.migration_checks.budgets]", KEYS, "Correct it.")


def test_what_is_not_said_is_the_default() -> None:
    """One second is PostgreSQL's deadlock_timeout."""
    assert read_budgets(None) is None
    assert Budgets(1.0, 2.5, 1000) == read_budgets(table(blocks_writes=2.5))
    assert Budgets(0.0, 1.0, 0) == read_budgets(table(blocks_reads=0, small_table=0))


@pytest.mark.parametrize("values", [{"blocks_reads": -1}, {"blocks_writes": "1"}, {"small_table": 1.5}, {"blocks": 1}])
def test_what_is_wrong_is_told(values: dict[str, object]) -> None:
    """Negative, of another kind, or a key that there is not."""
    with pytest.raises(ConfigurationError, match=r"blocks|small"):
        read_budgets(table(**values))


def test_rows_of_production() -> None:
    """What was said of the table first, then a profile, then what was said of all."""
    profile = Profile("18.6", False, (TableProfile("public.known", 5), TableProfile("public.users", 6)))
    said = {"users": 1, "app.orders": 2, 'Weird " Name': 3, "": 9}
    production = Production(said, profile)

    names = ("public.users", "app.orders", "public.orders", 'public."Weird "" Name"', "public.known", "public.unknown")
    assert [1, 2, 9, 3, 5, 9] == [production.rows(name) for name in names]
    assert Production({}).rows("public.users") is None
