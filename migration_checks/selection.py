"""Which checks a run makes: ids, names and families of ids, as --only and --skip name them."""

from __future__ import annotations

from collections.abc import Collection

from migration_checks.fields import Fields, nearest, shorten


def check_ids() -> tuple[str, ...]:
    """The ids of all checks."""
    from migration_checks.checks import CHECKS

    return tuple(check.id for check in CHECKS)


def selected_checks(only: Collection[str], skip: Collection[str]) -> frozenset[str]:
    """The ids of the checks that are made; an empty `only` means all."""
    return frozenset(only or check_ids()) - frozenset(skip)


def named_checks(table: Fields, key: str) -> frozenset[str]:
    """The ids that the words under `key` mean: an id, a check's name, or the beginning of ids (MC3, MC30)."""
    words = [part.strip() for text in table.texts(key) for part in text.split(",")]
    if not words:
        return frozenset()
    from migration_checks.checks import CHECKS

    chosen: set[str] = set()
    for word in words:
        found = {each.id for each in CHECKS if word == each.name or (word[:2] == "MC" and each.id.startswith(word))}
        if not found:
            known = [*check_ids(), *(each.name for each in CHECKS)]
            raise table.error(f"{table.where}: {key} names no check {shorten(word)}; {nearest(word, known)}")
        chosen |= found
    return frozenset(chosen)
