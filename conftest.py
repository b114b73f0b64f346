"""Fixtures that every test may use; those of one theme live in tests/."""

from __future__ import annotations

pytest_plugins = ["pytester"]
