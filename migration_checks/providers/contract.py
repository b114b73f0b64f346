"""What a provider promises: it lends a running PostgreSQL for the length of a with block."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL: `url` is a libpq URL of a maintenance database whose role may create databases.

    `version` is `server_version_num` (180006 is 18.6); `provider` names where the server came from. `throwaway`: it was
    started for this run alone and ends with it. `shared`: other people's databases and roles may live on it. `fsync` is the
    server's setting: whether it waits for its disk. The URL may hold a password, so it is not shown in the value's
    representation.
    """

    url: str = field(repr=False)
    version: int
    provider: str
    throwaway: bool = True
    shared: bool = False
    fsync: bool = False

    @property
    def major(self) -> int:
        """The major version: 18 for 18.6."""
        return self.version // 10000


class Provider(Protocol):
    """Lends a server; whatever it started is gone when the with block ends, however it ends."""

    @property
    def name(self) -> str:
        """`embedded`, `local`, `container` or `external`."""
        ...

    def lend(self) -> AbstractContextManager[Server]:
        """Start (or reach) a server and hand it out. Raises ProviderError with one sentence and a remedy."""
        ...
