"""A crash-test laboratory for Alembic migrations on PostgreSQL."""

from __future__ import annotations

__version__ = "0.1.0.dev0"
