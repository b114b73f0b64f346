"""Starting a server while the project is being loaded: neither waits for the other."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from migration_checks.providers.contract import Provider, Server


class Ahead:
    """Lends a provider's server for a with block, started in the background at the beginning of it.

    `server` waits for it, and raises what the provider raised; an error that nobody asks for is forgotten.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._stack = ExitStack()
        self._pool = ThreadPoolExecutor(1, "server")
        self._future: Future[Server]

    def __enter__(self) -> Self:
        self._future = self._pool.submit(lambda: self._stack.enter_context(self._provider.lend()))
        return self

    def server(self) -> Server:
        """The server, as soon as it is there. Raises ProviderError."""
        return self._future.result()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self._pool.shutdown()
        return bool(self._stack.__exit__(kind, error, trace))
