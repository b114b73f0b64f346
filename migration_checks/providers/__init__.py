"""Where a PostgreSQL server comes from: one small contract, and four rooms that fulfil it."""

from __future__ import annotations

from migration_checks.providers.choice import SPECS, elsewhere, provider_for
from migration_checks.providers.container import ContainerProvider
from migration_checks.providers.contract import Provider, Server
from migration_checks.providers.embedded import EmbeddedProvider
from migration_checks.providers.external import ExternalProvider
from migration_checks.providers.local import LocalProvider

__all__ = [
    "SPECS",
    "ContainerProvider",
    "EmbeddedProvider",
    "ExternalProvider",
    "LocalProvider",
    "Provider",
    "Server",
    "elsewhere",
    "provider_for",
]
