"""What holds for every test: a process that it starts counts for its suite, and no property fails for being slow."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Two suites at once on two cores make any single example slow now and then; how long all of them take is what counts.
# A gate must give the same answer twice: under CI the examples are the same ones each time.
settings.register_profile(
    "suite",
    deadline=None,
    max_examples=50,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name the suite ("tests/unit", "tests/integration") in the environment that started processes inherit."""
    os.environ["MIGRATION_CHECKS_SUITE"] = "/".join(item.nodeid.split("/")[:2])
    try:
        return (yield)
    finally:
        os.environ.pop("MIGRATION_CHECKS_SUITE", None)
