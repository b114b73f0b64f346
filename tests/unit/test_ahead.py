"""A server that is started ahead: it is there when it is asked for, and gone in the end, whatever happened in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from migration_checks.errors import ProviderError
from migration_checks.providers.ahead import Ahead
from migration_checks.providers.contract import Server


class Fake:
    """A provider that notes what becomes of its server; `go` lets it start."""

    name = "fake"

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.go = Event()
        self.told: list[str] = []

    @contextmanager
    def lend(self) -> Iterator[Server]:
        assert self.go.wait(10)
        if self.failure is not None:
            raise self.failure
        try:
            yield Server("postgresql://there", 180000, "fake")
        except ValueError as error:
            self.told.append(f"heard of {error}")
            raise
        finally:
            self.told.append("gone")


def test_it_starts_while_something_else_is_done() -> None:
    """Entering does not wait; asking does."""
    provider = Fake()

    with Ahead(provider) as lending:
        provider.go.set()
        assert lending.server().url == "postgresql://there"
        assert provider.told == []

    assert provider.told == ["gone"]


def _fails(provider: Fake, *, asks: bool) -> None:
    """A block that may ask for the server, and then raises."""
    with Ahead(provider) as lending:
        provider.go.set()
        if asks:
            lending.server()
        raise ValueError("the walk")


def test_an_error_of_the_block_reaches_the_provider() -> None:
    """It may know better what it means: a full disk, for example."""
    provider = Fake()

    with pytest.raises(ValueError, match="the walk"):
        _fails(provider, asks=True)

    assert provider.told == ["heard of the walk", "gone"]


def test_a_server_that_nobody_asked_for_goes_too() -> None:
    """The project could not be loaded meanwhile."""
    provider = Fake()

    with pytest.raises(ValueError, match="the walk"):
        _fails(provider, asks=False)

    assert provider.told[-1] == "gone"


@pytest.mark.parametrize("asks", [True, False])
def test_a_server_that_does_not_start(asks: bool) -> None:
    """Whoever asks for it hears why; else the error of the block is what counts."""
    provider = Fake(ProviderError("It does not start.", "Try another."))

    with pytest.raises(ProviderError if asks else ValueError):
        _fails(provider, asks=asks)
