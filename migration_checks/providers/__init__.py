"""Where a PostgreSQL server comes from: one small contract, and four rooms that fulfil it."""

from __future__ import annotations

from migration_checks.providers.contract import Provider, Server
from migration_checks.providers.embedded import EmbeddedProvider

__all__ = ["EmbeddedProvider", "Provider", "Server"]
