"""Text from databases and scripts in Markdown: never read as markup, as a mention or as a link."""

from __future__ import annotations

import re

from migration_checks.renderers.escape import visible


def code(text: str) -> str:
    """`text` as code. Entities cannot be read as markup, and code is searched neither for mentions nor for links."""
    return f"<code>{_entities(visible(text))}</code>"


def prose(text: str) -> str:
    """`text` as running text; a zero-width space keeps @name and #1 from becoming mentions and references."""
    return re.sub(r"(&#64;|&#35;)", "\\1\u200b", _entities(visible(text)))


def _entities(text: str) -> str:
    """ASCII punctuation as character references, which Markdown never takes for markup; stops and quotes as they are."""
    return re.sub(r"[!-&*+:-@\[-`{-~]|(?<=www)\.", lambda match: f"&#{ord(match[0])};", text, flags=re.IGNORECASE)
