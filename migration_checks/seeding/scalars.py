"""Pools for PostgreSQL's scalar types: plausible values, values at their bounds, and distinct ones without end."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, localcontext
from random import Random
from typing import Final

from migration_checks.seeding.adversarial import ADVERSARIAL_DOCUMENTS, DOCUMENTS, ESSENTIAL_TEXTS, FURTHER_TEXTS, MOMENTS
from migration_checks.seeding.phrases import phrases
from migration_checks.seeding.pool import Pool, same

Maker = Callable[[Random, int], Pool]

LONGEST: Final = 2000
_START: Final = datetime(2019, 1, 1)


def _numeric_identity(value: str) -> Hashable:
    number = Decimal(value)
    return "NaN" if number.is_nan() else number


def _float_identity(value: str) -> Hashable:
    return "NaN" if value == "NaN" else float(value)


def _counter(limit: int, first: int = 1) -> Callable[[int], str | None]:
    return lambda k: str(k + first) if k + first <= limit else None


def _integer(low: int, high: int) -> Maker:
    def make(random: Random, modifier: int) -> Pool:
        top = min(high, 100_000)
        digits = len(str(top))
        plausible = tuple(str(min(top, int(10 ** random.uniform(0, digits - 1)))) for _ in range(32))
        edges = (low, high, low + 1, high - 1) if low == 0 else (0, -1, low, high, high - 1)
        return Pool(plausible, tuple(map(str, edges)), nth=_counter(high), canonical=int, ascending=True)

    return make


def precision(modifier: int) -> tuple[int, int] | None:
    """(precision, scale) of a numeric's modifier, None when it has none; a scale may be negative since PostgreSQL 15."""
    if modifier < 4:
        return None
    packed = modifier - 4
    return (packed >> 16) & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024


def _numeric(random: Random, modifier: int) -> Pool:
    limits = precision(modifier)
    if limits is None:
        plausible = tuple(f"{random.uniform(0, 5000):.{random.choice((0, 1, 2, 4))}f}" for _ in range(32))
        edges = ("0", "-1", "1.0", "1.00", "-0.000000001", "1000000000000000000000000000.5", "99999999999999999999")
        return Pool(plausible, edges, ("NaN",), _counter(10**30), _numeric_identity, True)
    with localcontext(prec=1100):
        return _limited_numeric(random, *limits)


def _limited_numeric(random: Random, digits: int, scale: int) -> Pool:
    step, top = Decimal(1).scaleb(-scale), Decimal(1).scaleb(digits - scale)
    shown = max(scale, 0)
    usual = min(int(top / step) - 1, 5000 * 10**shown)
    plausible = tuple(f"{step * random.randint(0, usual):.{shown}f}" for _ in range(32))
    edges = tuple(f"{value:.{shown}f}" for value in (Decimal(0), step, -step, top - step, step - top))

    def nth(k: int) -> str | None:
        value = step * (k + 1) if scale < 0 or top <= 10**6 else Decimal(k + 1)
        return f"{value:.{shown}f}" if value < top else None

    return Pool(plausible, edges, ("NaN",), nth, _numeric_identity, True)


def _float(digits: int, top: str, tiny: str) -> Maker:
    def make(random: Random, modifier: int) -> Pool:
        plausible = tuple(f"{random.uniform(0, 1000):.{digits}g}" for _ in range(32))
        edges = ("0", "-0", "-1.5", "0.1", top, "-" + top, tiny)
        return Pool(plausible, edges, ("NaN", "Infinity", "-Infinity"), _counter(10**digits), _float_identity, True)

    return make


def _boolean(random: Random, modifier: int) -> Pool:
    return Pool(("true", "false"), nth=lambda k: ("false", "true")[k] if k < 2 else None)


def base36(number: int, width: int = 0) -> str:
    """`number` in digits and small letters, of `width` at least."""
    digits = ""
    while number or not digits:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits.rjust(width, "0")


def limited(values: tuple[str, ...], limit: int | None) -> tuple[str, ...]:
    """The values that fit, the others cut to the limit."""
    return values if limit is None else tuple(dict.fromkeys(value[:limit] for value in values))


def text_nth(limit: int | None, prefix: str = "v") -> Callable[[int], str | None]:
    """Distinct ascending words of at most `limit` characters."""
    if limit is None or limit >= 7 + len(prefix):
        return lambda k: f"{prefix}{k:07d}"
    return lambda k: base36(k, limit) if k < 36**limit else None


def text_pool(limit: int | None, plausible: tuple[str, ...] | None = None, canonical: Callable[[str], Hashable] = same) -> Pool:
    """A pool for text of at most `limit` characters."""
    words = plausible or phrases()["sentence"][:48] + phrases()["word"][:48]
    longest = "x" * min(limit or LONGEST, LONGEST)
    adversarial = limited((*ESSENTIAL_TEXTS, longest, *FURTHER_TEXTS), limit)
    return Pool(limited(words, limit), adversarial, nth=text_nth(limit), canonical=canonical, ascending=True)


def _text(random: Random, modifier: int) -> Pool:
    return text_pool(modifier - 4 if modifier >= 4 else None)


def _character(random: Random, modifier: int) -> Pool:
    return text_pool(modifier - 4 if modifier >= 4 else 1, canonical=lambda value: value.rstrip(" "))


def _name(random: Random, modifier: int) -> Pool:
    pool = text_pool(15)  # 63 bytes at most, and a character has up to four
    return Pool(pool.plausible, pool.adversarial, nth=pool.nth)


def _single(random: Random, modifier: int) -> Pool:
    return Pool(tuple("abcxyz"), ("", "A", "0", " "), nth=lambda k: chr(48 + k) if k < 75 else None)


def _bytes(random: Random, modifier: int) -> Pool:
    plausible = tuple("\\x" + random.randbytes(random.randint(4, 40)).hex() for _ in range(16))
    edges = ("\\x", "\\x00", "\\xff", "\\x5c", "\\x0a0d09", "\\x" + "ab" * 512, "\\x89504e470d0a1a0a")
    return Pool(plausible, edges, nth=lambda k: f"\\x{k:08x}", ascending=True)


END_OF_TIME = "9999-12-31 00:00:00"
"""What applications write for "for ever": every driver reads it, as it does not read infinity."""


def _moment(zone: str) -> Maker:
    def make(random: Random, modifier: int) -> Pool:
        plausible = tuple(
            _shown(_START + timedelta(seconds=random.randint(0, 189_000_000), microseconds=_fraction(random, modifier)), zone)
            for _ in range(40)
        )
        shown = tuple(edge + zone for edge in MOMENTS)
        return Pool(
            plausible,
            shown,
            (f"{END_OF_TIME}{zone}",),
            lambda k: _shown(datetime(2001, 1, 1) + timedelta(minutes=k), zone),
            ascending=True,
        )

    return make


def _fraction(random: Random, digits: int) -> int:
    """Microseconds beyond a whole second: as clocks give them mostly, else milliseconds or none; at most so many digits."""
    drawn = random.choice((random.randrange(10**6), random.randrange(10**6), 1000 * random.randrange(1000), 0))
    step: int = 10 ** (6 - digits) if 0 <= digits < 6 else 1
    return drawn - drawn % step


def _shown(moment: datetime | time, zone: str) -> str:
    """A moment as PostgreSQL spells it: its fraction of a second without trailing zeros."""
    text = str(moment)
    return (text.rstrip("0") if moment.microsecond else text) + zone


def _within_a_day(random: Random, modifier: int) -> time:
    return (datetime.min + timedelta(seconds=random.randrange(86_400), microseconds=_fraction(random, modifier))).time()


def _date(random: Random, modifier: int) -> Pool:
    plausible = tuple(str(date(2019, 1, 1) + timedelta(days=random.randint(0, 2190))) for _ in range(40))
    edges = ("2024-02-29", "1969-12-31", "1970-01-01", "2024-03-31", "2000-02-29", "1900-01-01", "1582-10-15", "9999-12-31")

    def nth(k: int) -> str | None:
        return str(date(2001, 1, 1) + timedelta(days=k)) if k < 2_900_000 else None

    return Pool(plausible, edges, nth=nth, ascending=True)


def _time(zone: str) -> Maker:
    def make(random: Random, modifier: int) -> Pool:
        plausible = tuple(_shown(_within_a_day(random, modifier), zone) for _ in range(24))
        last = "23:59:59." + "9" * modifier if 0 < modifier < 6 else "23:59:59" if modifier == 0 else "23:59:59.999999"
        edges: tuple[str, ...] = ("00:00:00" + zone, last + zone, "02:30:00" + zone)
        edges += ("12:00:00+05:30", "12:00:00-08") if zone else ("12:00:00",)

        def nth(k: int) -> str | None:
            return f"{k // 3600:02d}:{k // 60 % 60:02d}:{k % 60:02d}{zone}" if k < 86400 else None

        return Pool(plausible, edges, nth=nth, ascending=True)

    return make


_UNITS: Final = {"year": 31104000, "mon": 2592000, "day": 86400, "hour": 3600, "minute": 60, "second": 1}


def _interval_identity(value: str) -> Hashable:
    """The seconds of an interval; PostgreSQL counts a month as thirty days where it compares."""
    total = Decimal(0)
    for amount, unit in re.findall(r"(-?\d+) (year|mon|day|hour|minute|second)", value):
        total += int(amount) * _UNITS[unit]
    for sign, hours, minutes, seconds in re.findall(r"(-?)(\d+):(\d+):([\d.]+)", value):
        clock = int(hours) * 3600 + int(minutes) * 60 + Decimal(seconds)
        total += -clock if sign else clock
    return total


def _money_identity(value: str) -> Hashable:
    """The number of an amount, whatever currency sign and separators the locale adds."""
    return Decimal(re.sub(r"[^0-9.]", "", value)) * (-1 if "-" in value or "(" in value else 1)


def _money(random: Random, modifier: int) -> Pool:
    plausible = tuple(f"{random.randint(1, 200_000) / 100:.2f}" for _ in range(24))
    edges = ("0.00", "-5.00", "92233720368547758.07")
    return Pool(plausible, edges, nth=lambda k: f"{k + 1}.00", canonical=_money_identity, ascending=True)


def _interval(random: Random, modifier: int) -> Pool:
    plausible = tuple(f"{random.randint(1, 90)} {random.choice(('days', 'hours', 'minutes', 'seconds'))}" for _ in range(24))
    edges = ("00:00:00", "-3 days", "1 mon", "30 days", "1 year 2 mons 3 days 04:05:06.789", "24:00:00", "1 day")
    return Pool(plausible, edges, nth=lambda k: f"{k + 100_000} minutes", canonical=_interval_identity, ascending=True)


def mixed_uuid(salt: int) -> Callable[[int], str]:
    """Distinct random-looking uuids: k is spread over 64 bits by an odd multiplier, which is a bijection."""

    def nth(k: int) -> str:
        mixed = ((k + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        spread = f"{mixed:016x}"
        return f"{spread[:8]}-{spread[8:12]}-4{spread[13:]}-a{spread[12]}{salt & 0xFF:02x}-{(salt >> 8) & 0xFFFFFFFFFFFF:012x}"

    return nth


def _uuid(random: Random, modifier: int) -> Pool:
    nth = mixed_uuid(random.getrandbits(56))
    plausible = tuple(nth(10**9 + k) for k in range(24))
    edges = (
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "123e4567-e89b-12d3-a456-426614174000",
    )
    return Pool(plausible, edges, nth=nth)


def _documents(random: Random, modifier: int) -> Pool:
    return Pool(DOCUMENTS, ADVERSARIAL_DOCUMENTS, nth=lambda k: f'{{"id": {k}}}')


def _bits(varying: bool) -> Maker:
    def make(random: Random, modifier: int) -> Pool:
        width = modifier if modifier > 0 else (24 if varying else 1)
        shown = width if not varying else min(width, 24)
        plausible = tuple(f"{random.getrandbits(shown):0{shown}b}" for _ in range(12))
        edges = ("0" * shown, "1" * shown, *(("", "1") if varying else ()))
        return Pool(plausible, edges, nth=lambda k: f"{k:0{shown}b}" if k < 2**shown else None, ascending=True)

    return make


def listed(*values: str, edges: tuple[str, ...] = (), nth: Callable[[int], str | None] | None = None) -> Maker:
    """A pool of constants; without `nth` its distinct values are the constants."""
    every = (*values, *edges)
    return lambda random, modifier: Pool(values, edges, nth=nth or (lambda k: every[k] if k < len(every) else None))


def _dotted(k: int) -> str:
    return f"10.{k >> 16 & 255}.{k >> 8 & 255}.{k & 255}"


def _colons(k: int, size: int) -> str:
    return ":".join(f"{byte:02x}" for byte in (k + (2 << (8 * size - 8))).to_bytes(size, "big"))


SCALARS: Final[Mapping[str, Maker]] = {
    "int2": _integer(-(2**15), 2**15 - 1),
    "int4": _integer(-(2**31), 2**31 - 1),
    "int8": _integer(-(2**63), 2**63 - 1),
    "oid": _integer(0, 2**32 - 1),
    "xid": _integer(0, 2**32 - 1),
    "cid": _integer(0, 2**32 - 1),
    "xid8": _integer(0, 2**63 - 1),
    "numeric": _numeric,
    "float4": _float(6, "3.4028235e+38", "1.17549435e-38"),
    "float8": _float(15, "1.7976931348623157e+308", "2.2250738585072014e-308"),
    "money": _money,
    "bool": _boolean,
    "text": _text,
    "varchar": _text,
    "bpchar": _character,
    "char": _single,
    "name": _name,
    "refcursor": _text,
    "bytea": _bytes,
    "date": _date,
    "time": _time(""),
    "timetz": _time("+00"),
    "timestamp": _moment(""),
    "timestamptz": _moment("+00"),
    "interval": _interval,
    "uuid": _uuid,
    "json": _documents,
    "jsonb": _documents,
    "jsonpath": listed("$.a", "$[*]", "$.items[*].id", "strict $.a.b", "$.a ? (@ > 1)"),
    "xml": listed("<doc><p>text</p></doc>", "<a href='x'>ü</a>", edges=("<empty/>", "just text", "<a/><b/>", "")),
    "bit": _bits(False),
    "varbit": _bits(True),
    "inet": listed("192.168.0.1", "10.1.2.3/24", "2001:db8::1", edges=("0.0.0.0/0", "::1", "255.255.255.255"), nth=_dotted),
    "cidr": listed(
        "192.168.0.0/24", "10.0.0.0/8", "2001:db8::/32", edges=("0.0.0.0/0", "::/0"), nth=lambda k: _dotted(k) + "/32"
    ),
    "macaddr": listed("08:00:2b:01:02:03", edges=("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"), nth=lambda k: _colons(k, 6)),
    "macaddr8": listed("08:00:2b:01:02:03:04:05", edges=("ff:ff:ff:ff:ff:ff:ff:ff",), nth=lambda k: _colons(k, 8)),
    "tsvector": listed("'cat':2 'fat':1", "'مرحبا' 'שלום'", "'a':1A,2B", edges=("",), nth=lambda k: f"'w{k}'"),
    "tsquery": listed("'fat' & 'cat'", "'a' <-> 'b'", "!'x'", edges=("",), nth=lambda k: f"'w{k}'"),
    "point": listed("(1,2)", "(-3.5,0)", edges=("(0,0)", "(1e+300,-1e-300)"), nth=lambda k: f"({10 * k},7)"),
    "line": listed("{1,-1,0}", "{0,1,-5}", nth=lambda k: f"{{1,-1,{k}}}"),
    "lseg": listed("[(0,0),(1,1)]", "[(-1,2),(3,-4)]", edges=("[(0,0),(0,0)]",), nth=lambda k: f"[({10 * k},0),({10 * k},1)]"),
    "box": listed("(1,1),(0,0)", edges=("(0,0),(0,0)",), nth=lambda k: f"({10 * k + 1},1001),({10 * k},1000)"),
    "path": listed("((0,0),(1,1),(2,0))", "[(0,0),(3,3)]", nth=lambda k: f"[({k},9),({k},10)]"),
    "polygon": listed("((0,0),(1,1),(2,0))", nth=lambda k: f"(({10 * k},1000),({10 * k + 1},1001),({10 * k + 2},1000))"),
    "circle": listed("<(0,0),5>", "<(1.5,-2),0.1>", edges=("<(0,0),0>",), nth=lambda k: f"<({10 * k},1000),1>"),
    "pg_lsn": listed("0/0", "16/B374D848", edges=("FFFFFFFF/FFFFFFFF",), nth=lambda k: f"1/{k:X}"),
    "tid": listed("(0,1)", "(42,7)", nth=lambda k: f"({k},1)"),
    "pg_snapshot": listed("10:20:10,14,15", "1:1:", nth=lambda k: f"{k + 100}:{k + 100}:"),
    "txid_snapshot": listed("10:20:10,14,15", "1:1:", nth=lambda k: f"{k + 100}:{k + 100}:"),
    "aclitem": listed("pg_monitor=r/pg_monitor", "=r/pg_monitor"),
    "int2vector": listed("1 2 3", "", "0"),
    "oidvector": listed("1 2 3", "", "0"),
    "regclass": listed("pg_catalog.pg_class", "pg_catalog.pg_type", edges=("-",)),
    "regtype": listed("integer", "text", "timestamp with time zone", edges=("-",)),
    "regproc": listed("pg_catalog.now", "pg_catalog.version", edges=("-",)),
    "regprocedure": listed("pg_catalog.now()", "pg_catalog.length(text)", edges=("-",)),
    "regoper": listed("pg_catalog.||/", edges=("0",)),
    "regoperator": listed("pg_catalog.+(integer,integer)", edges=("0",)),
    "regrole": listed("pg_monitor", "pg_read_all_data", edges=("-",)),
    "regnamespace": listed("pg_catalog", "public", edges=("-",)),
    "regcollation": listed('pg_catalog."C"', edges=("-",)),
    "regconfig": listed("pg_catalog.simple", "pg_catalog.english"),
    "regdictionary": listed(
        "pg_catalog.simple",
    ),
}
"""A maker for every scalar type of pg_catalog that a column may have: (generator, type modifier) -> Pool."""
