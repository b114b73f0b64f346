"""What names and comments say about values."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from random import Random

import pytest

from migration_checks.seeding.kinds import TEXT_KINDS
from migration_checks.seeding.phrases import EACH, KINDS, LOCALES, draw, phrases
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.realism import endless, kind_of, moment_rank, normalised, realistic
from migration_checks.seeding.scalars import SCALARS
from migration_checks.seeding.schema import Column, Type
from tests.schemas import INT, JSONB, MOMENT, NUMERIC, SMALL, builtin, table

TEXT = Type("pg_catalog", "varchar", "pg_catalog.varchar", "b")


def column(name: str, comment: str = "", modifier: int = -1, kind: Type = TEXT) -> Column:
    return Column(name, name, 1, kind, modifier, "", False, False, "", None, comment, False, None)


@pytest.mark.parametrize(
    ("expected", "name", "comment"),
    [
        ("email", "contactEmail", ""),
        ("url", "avatar_url", ""),
        ("repository", "hf_repo_id", ""),
        ("repository", "x", "Repository id on the hub"),
        ("status", "status", ""),
        ("slug", "Slug", ""),
        ("path", "file_path", ""),
        ("hash", "sha256", ""),
        (None, "zzz", ""),
    ],
)
def test_a_name_or_a_comment_tells_the_kind(expected: str | None, name: str, comment: str) -> None:
    """The name is asked first, in any spelling, then the comment."""

    kind = kind_of(column(name, comment), TEXT_KINDS)

    assert expected == (kind.name if kind else None)


def test_values_fit_the_column():
    """Plausible, adversarial and distinct values are no longer than the column allows."""

    narrow = realistic(column("email", modifier=12), SCALARS["varchar"](Random(1), 12), Random(1))

    assert narrow.nth is not None
    assert all(len(value) <= 8 for value in (*narrow.values, *(str(narrow.nth(k)) for k in range(100))))


def test_most_values_are_plausible_and_some_are_not():
    """An email column holds addresses, and a few that are none."""

    pool = realistic(column("email"), SCALARS["varchar"](Random(1), -1), Random(1))

    assert all("@" in value for value in pool.plausible)
    assert {"no-at-sign", ""} <= set(pool.adversarial)


def test_two_values_are_equal_but_for_case():
    """They come first among what is adversarial, so that a small table has them."""

    first, second, *_ = realistic(column("email"), SCALARS["varchar"](Random(1), -1), Random(1)).adversarial

    assert first != second
    assert first.casefold() == second.casefold()


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize(
    ("default", "opening"),
    [("'{}'::jsonb", "{"), ("'[]'::json", "["), ("jsonb_build_object('a', 1)", "{"), ("('[1]'::text)::jsonb", "[")],
)
def test_documents_have_the_shape_of_the_default(default: str, opening: str, nullable: bool) -> None:
    """Another shape comes in a row at most, and never where NULL is not allowed either."""

    plain = replace(column("extra", kind=JSONB), default=default, not_null=not nullable)
    pool = realistic(plain, SCALARS["jsonb"](Random(1), -1), Random(1))

    assert pool.nth is not None
    assert len(pool.plausible) >= 5
    assert {opening} == {value[0] for value in (*pool.plausible, *pool.adversarial, pool.nth(3) or "")}
    assert all(json.loads(value) is not ... for value in pool.values)
    assert bool(pool.rare) is nullable


def test_documents_without_a_default_have_any_shape():
    """Nothing is known of them."""

    pool = SCALARS["jsonb"](Random(1), -1)

    assert pool == realistic(column("extra", kind=JSONB), pool, Random(1))


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        ("at", ("created_at", "next_dagrun", "start_date", "expiresOn", "at", "moment")),
        (None, ("updated", "last_seen", "event_time", "run_date", "ts_2_ts")),
    ],
)
def test_one_column_at_most_may_be_infinite(expected: str | None, names: tuple[str, ...]) -> None:
    """One whose name is not that of a moment that an application keeps."""

    assert expected == endless(table("t", *(column(name, kind=MOMENT) for name in names)))


def test_moments_have_a_rank():
    """What is created comes before what is updated."""

    assert (moment_rank("createdAt"), moment_rank("updated_at"), moment_rank("birthday")) == (0, 1, None)
    assert normalised("CreatedAt") == "created_at"


def test_phrases_speak_many_languages():
    """The phrases that are kept have the kinds and scripts that Faker would give."""

    kept = phrases()
    drawn = draw()

    assert set(KINDS) == set(kept) == set(drawn)
    assert all(len(values) > 100 for values in kept.values())
    assert len(LOCALES) * EACH >= len(kept["name"])
    assert any("\u05d0" <= char <= "\u05ea" for name in kept["name"] for char in name)
    assert any("\u4e00" <= char <= "\u9fff" for name in kept["name"] for char in name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (r"[a-z0-9]+(-[a-z0-9]+)*", "slug"),
        (r"[\w.-]+/[\w.-]+", "repo_id"),
        (r"(/|\w+[:/]).*/[\w.-]+", "file_path"),
        (r"[\w.-]+", "file_name"),
        (r"[0-9a-f]{32}", "sha256"),
        (r"\d{5}", "zip_code"),
        (r"[A-Z]{3}", "currency"),
    ],
)
def test_plausible_texts_look_like_what_the_name_says(pattern: str, name: str) -> None:
    """All of them; what does not is among the adversarial ones."""
    pool = realistic(column(name), SCALARS["varchar"](Random(1), -1), Random(1))

    assert pool.plausible
    assert [value for value in pool.plausible if not re.fullmatch(pattern, value)] == []


@pytest.mark.parametrize(
    ("low", "high", "name", "kind", "modifier"),
    [
        (0, 1000, "price", NUMERIC, -1),
        (0, 98.99, "price", NUMERIC, (4 << 16 | 2) + 4),
        (0, 200, "price", INT, -1),
        (1, 5, "rating", SMALL, -1),
        (0, 32767, "file_size", SMALL, -1),
        (-90, 90, "lat", builtin("float8"), -1),
        (1950, 2025, "year", INT, -1),
    ],
)
def test_plausible_numbers_lie_where_the_name_says(low: float, high: float, name: str, kind: Type, modifier: int) -> None:
    """As far as the column can hold them, in the way that its type writes them."""
    pool = realistic(column(name, kind=kind, modifier=modifier), SCALARS[kind.name](Random(1), modifier), Random(1))
    numbers = [float(value) for value in pool.plausible]

    assert low <= min(numbers) <= max(numbers) <= (1000 if name == "price" and kind is INT else high)
    assert kind not in (INT, SMALL) or all(value.lstrip("-").isdigit() for value in pool.plausible)
    assert modifier < 0 or {2} == {len(value.partition(".")[2]) for value in pool.plausible}


def test_a_scale_that_cuts_before_the_point_is_left_to_the_type() -> None:
    """numeric(5, -3) holds thousands: amounts would all be 0."""
    modifier = (5 << 16 | (2**11 - 3)) + 4
    plain = SCALARS["numeric"](Random(1), modifier)

    assert plain.plausible == realistic(column("price", kind=NUMERIC, modifier=modifier), plain, Random(1)).plausible


@pytest.mark.parametrize("name", ["date", "timestamp", "timestamptz"])
def test_what_expires_does_so_in_the_future(name: str) -> None:
    """And a moment of the past has no odd value that lies ahead."""
    kind = builtin(name)
    plain = SCALARS[name](Random(1), -1)
    later = realistic(column("expires_at", kind=kind), plain, Random(1))
    before = realistic(column("created_at", kind=kind), plain, Random(1))

    pairs = zip(plain.plausible, later.plausible, strict=True)
    assert {2000} == {(datetime.fromisoformat(then) - datetime.fromisoformat(now)).days for now, then in pairs}
    assert name != "timestamptz" or all(value.endswith("+00") for value in later.plausible)
    assert () == before.rare
    assert [value for value in before.adversarial if value >= "2025-06-01"] == []
    assert before.adversarial


def test_types_of_the_user_s_keep_their_pool() -> None:
    """Whatever the column is called."""
    pool = Pool(("a",))

    assert pool is realistic(column("email", kind=Type("public", "varchar", "public.varchar", "b")), pool, Random(1))
    assert pool is realistic(column("email", kind=builtin("inet")), pool, Random(1))
