"""Numbers as people read them: durations, bytes, counts, shares."""

from __future__ import annotations

STEPS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def duration(seconds: float) -> str:
    """ "0.4 ms", "12 ms", "1.24 s", "3.5 min", "2.1 h", "5.0 d"."""
    for size, unit in STEPS:
        if seconds >= 1.5 * size:
            return f"{seconds / size:,.1f} {unit}"
    if seconds >= 1:
        return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms" if milliseconds else "0 s"


def size(count: float) -> str:
    """Bytes: "512 B", "8 kB", "1.4 MB", as PostgreSQL's pg_size_pretty names them."""
    if count < 1024:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1024
        if count < 1024:
            return f"{count:.0f} {unit}" if count >= 10 else f"{count:.1f} {unit}"
    return f"{count / 1024:,.1f} TB"


def big(count: float) -> str:
    """A count in few characters, for an axis: "250", "16k", "10M"."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.3g}{unit}"
    return f"{count:.3g}"


def middle_cut(text: str, width: int) -> str:
    """`text`, or its beginning and end: of a qualified name both ends matter."""
    if len(text) <= width:
        return text
    kept = width - 1
    return f"{text[: kept // 2]}…{text[-(kept - kept // 2) :]}"
