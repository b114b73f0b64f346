"""What holds for every test: a process that it starts is counted for its suite when coverage is measured."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name the suite ("tests/unit", "tests/integration") in the environment that started processes inherit."""
    os.environ["MIGRATION_CHECKS_SUITE"] = "/".join(item.nodeid.split("/")[:2])
    try:
        return (yield)
    finally:
        os.environ.pop("MIGRATION_CHECKS_SUITE", None)
