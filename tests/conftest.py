"""What holds for every test: a process that it starts counts for its suite, and no property fails for being slow."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Two suites at once on two cores make any single example slow now and then; how long all of them take is what counts.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name the suite ("tests/unit", "tests/integration") in the environment that started processes inherit."""
    os.environ["MIGRATION_CHECKS_SUITE"] = "/".join(item.nodeid.split("/")[:2])
    try:
        return (yield)
    finally:
        os.environ.pop("MIGRATION_CHECKS_SUITE", None)
