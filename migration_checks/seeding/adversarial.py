"""Values that legacy data holds and migrations forget: text that trips parsers, documents of every shape, numbers at bounds."""

from __future__ import annotations

from typing import Final

ESSENTIAL_TEXTS: Final = (
    "",
    "Alpha",
    "ALPHA",
    "alpha",
    "owner/name",
    "noseparator",
    "  padded both  ",
    "Müller",
    "Mu\u0308ller",
    "שלום עולם",
    "👩‍👩‍👧‍👦 ✅",
    "123",
    "2024-02-29",
    '{"a": 1}',
)
"""The first that any column of text gets."""

FURTHER_TEXTS: Final = (
    " ",
    " leading",
    "trailing ",
    "a,b;c|d",
    "a/b/c",
    "/edge/",
    "k=v&x=y",
    "first.last",
    "snake_case-kebab",
    "two  blanks",
    "مرحبا بالعالم",
    "日本語テキスト",
    "İstanbul",
    "straße",
    "STRASSE",
    "e\u0301galite\u0301",
    "zero\u200bwidth",
    "-1",
    "00042",
    "1e3",
    "3.14",
    "1,234.56",
    "2024-02-30",
    "31/12/1999",
    "23:59:60",
    "true",
    "null",
    "NULL",
    "None",
    "NaN",
    "[]",
    "{not json",
    '"quoted"',
    "O'Brien",
    'say "hi"',
    "back\\slash",
    "tab\there",
    "line\nbreak",
    "carriage\r\nreturn",
    "100%",
    "%s %(name)s {0}",
    "<b>&amp;</b>",
    "'; DROP TABLE x; --",
)

DOCUMENTS: Final = (
    '{"name": "Ada", "tags": ["a", "b"], "count": 3, "active": true}',
    '{"name": "Grace", "count": 0, "active": false, "nested": {"level": {"deep": 1}}}',
    '{"name": "Zoë", "tags": [], "price": 12.50}',
    '{"count": 41, "ratio": 0.25}',
    '{"items": [{"id": 1, "sku": "A-1"}, {"id": 2, "sku": "B-2"}]}',
)
ADVERSARIAL_DOCUMENTS: Final = (
    "null",
    "{}",
    "[]",
    '{"name": null, "count": null}',
    '{"name": 7, "count": "3", "tags": "a,b", "active": "yes"}',
    "42",
    '"a string"',
    '{"Name": "equal but for case"}',
    '{"name": "", "": "empty key"}',
    '[1, "two", null, [3], {"four": 4}]',
    "-0.5",
    "true",
    '{"name": "שלום 👋", "key with blanks": " x "}',
    '{"big": 12345678901234567890, "small": 1e-10}',
    '{"text": "line\\nbreak \\"quoted\\" back\\\\slash"}',
)

MOMENTS: Final = (
    "2024-02-29 12:00:00",
    "1969-12-31 23:59:59",
    "1970-01-01 00:00:00",
    "2024-12-31 23:59:59.999999",
    "2024-03-31 01:30:00",
    "2024-03-31 02:30:00",
    "2023-10-29 00:30:00",
    "2023-10-29 01:30:00",
    "2024-03-10 07:30:00",
    "2024-11-03 05:30:00",
    "1899-12-31 00:00:00",
    "2000-02-29 23:59:59.999999",
    "2038-01-19 03:14:08",
    "2999-12-31 00:00:00",
)
"""Leap days, the epoch, hours that a change of clocks skips or repeats, the end of 32 bits.

No year has more than four digits and none lies before Christ: such are legal, but no driver for Python reads them.
"""
