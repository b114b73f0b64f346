"""The page that a DBA reads: one self-contained HTML file, without network, readable without JavaScript, printable."""

from __future__ import annotations

from migration_checks.renderers.html.page import render

__all__ = ["render"]
