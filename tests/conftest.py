"""What holds for every test: what it covers counts for its suite, and no property fails for being slow."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import coverage
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

# What a shell's script has put into the background ignores these; tests send them, and look at what they do.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let coverage count what runs now for the suite: "tests/unit" or "tests/integration".

    One context a suite: one a test makes the whole run a fifth slower. Where nothing is measured, nothing is done.
    """
    measured = coverage.Coverage.current()
    if measured is not None:
        suite = "/".join(item.nodeid.split("/")[:2])
        if getattr(measured, "suite", None) != suite:
            measured.switch_context(suite)
            measured.suite = suite  # type: ignore[attr-defined]
    return (yield)
