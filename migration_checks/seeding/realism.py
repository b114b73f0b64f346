"""What a column's name and comment say about its values: emails, repository ids, money, timestamps, statuses, counters, codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from migration_checks.seeding.conditions import bottom
from migration_checks.seeding.phrases import phrases
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.scalars import limited, precision, text_nth
from migration_checks.seeding.schema import Column
from migration_checks.seeding.values import NOW

_TEXTS: Final = frozenset({"text", "varchar", "bpchar", "citext"})
_INTEGERS: Final = frozenset({"int2", "int4", "int8"})
_FRACTIONS: Final = frozenset({"numeric", "float4", "float8"})
_MOMENTS: Final = frozenset({"timestamp", "timestamptz", "date"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column: `pattern` finds it in a normalised name, `make` draws plausible values, `twists` are adversarial."""

    name: str
    pattern: re.Pattern[str]
    make: Callable[[Random], Sequence[str]]
    twists: tuple[str, ...] = ()
    nth: Callable[[int], str] | None = None


def _words(*names: str) -> re.Pattern[str]:
    return re.compile(r"(?:^|_)(?:" + "|".join(names) + r")s?(?:_|$)")


def _from(kind: str, count: int = 64) -> Callable[[Random], Sequence[str]]:
    return lambda random: random.sample(phrases()[kind], count)


def _of(*values: str) -> Callable[[Random], Sequence[str]]:
    return lambda random: values


def _made(one: Callable[[Random], str], count: int = 40) -> Callable[[Random], Sequence[str]]:
    return lambda random: [one(random) for _ in range(count)]


_OWNERS: Final = ("openai", "google", "acme-labs", "EleutherAI", "mistralai", "data-team", "jdoe")
_THINGS: Final = ("tiny-stories", "bert-base", "Llama-2-7b", "wiki_text.v2", "alpaca", "the-pile", "demo")
_STATUSES: Final = ("active", "pending", "completed", "failed", "processing", "archived", "cancelled", "draft")


def _slug(random: Random) -> str:
    return "-".join(random.choice(_THINGS).lower().replace("_", "-").replace(".", "-").split("-") + [str(random.randint(1, 99))])


def _repository(random: Random) -> str:
    return f"{random.choice(_OWNERS)}/{random.choice(_THINGS)}"


def _path(random: Random) -> str:
    folder = random.choice(("/data/raw", "/var/lib/app", "uploads/2024", "C:\\Users\\Public", "s3://bucket/prefix"))
    return f"{folder}/{random.choice(_THINGS)}{random.choice(('.csv', '.parquet', '.tar.gz', '', '.JSON'))}"


def _hex(size: int) -> Callable[[Random], str]:
    return lambda random: f"{random.getrandbits(4 * size):0{size}x}"


def _spread(size: int) -> Callable[[int], str]:
    modulus = 16**size
    return lambda k: f"{(k + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % modulus:0{size}x}"


TEXT_KINDS: Final = (
    Kind(
        "email",
        _words("e_?mail", "mail_address"),
        _from("email"),
        ("USER@EXAMPLE.ORG", "user@example.org", "no-at-sign", "two@@signs.example", " blank@example.org ", "jürgen@exämple.org"),
        lambda k: f"user{k:07d}@example.org",
    ),
    Kind("first name", _words("first_?name", "given_?name", "forename"), _from("first_name"), ("ANNA", "anna", "Anna Maria", "O'Neil")),
    Kind("last name", _words("last_?name", "surname", "family_?name"), _from("last_name"), ("van der Berg", "MÜLLER", "Müller", "O'Neil")),
    Kind(
        "user name",
        _words("user_?name", "login", "handle", "nick_?name"),
        _from("user_name"),
        ("Admin", "admin", "ADMIN", "with space"),
        lambda k: f"user{k:07d}",
    ),
    Kind("phone", _words("phone", "mobile", "fax", "tel"), _from("phone"), ("0", "+1 (555) 010-0000 ext. 7", "n/a")),
    Kind("mime", _words("mime", "mime_type", "content_type", "media_type"), _of("text/plain", "image/png", "application/json", "text/html; charset=utf-8")),
    Kind(
        "url",
        _words("url", "uri", "link", "website", "homepage", "href", "endpoint", "webhook"),
        _from("url"),
        ("HTTP://EXAMPLE.ORG", "http://example.org", "example.org/no-scheme", "https://example.org/?q=a%20b&x=1#top", "//cdn"),
        lambda k: f"https://example.org/p/{k}",
    ),
    Kind(
        "repository",
        _words("repo", "repository", "repo_id", "repo_name", "full_slug", "model_name", "model_id", "dataset_id", "hf_\\w+"),
        _made(_repository),
        ("noowner", "a/b/c", "/leading", "trailing/", "OpenAI/Tiny-Stories", "openai/tiny-stories", "owner / name"),
        lambda k: f"owner{k % 97}/repo-{k}",
    ),
    Kind("path", _words("path", "dir", "directory", "folder", "file_?path", "location"), _made(_path), ("", "/", "a//b", "../up", "C:\\x"), lambda k: f"/data/{k:07d}.dat"),
    Kind("file", _words("file_?name", "file", "attachment"), _made(lambda random: _path(random).rsplit("/", 1)[-1]), ("noextension", ".hidden", "a.b.c", "UPPER.TXT")),
    Kind("slug", _words("slug", "permalink"), _made(_slug), ("Not-A-Slug", "not-a-slug", "double--dash"), lambda k: f"slug-{k:07d}"),
    Kind("hash", _words("hash", "sha\\d*", "md5", "checksum", "digest", "etag", "fingerprint"), _made(_hex(32), 24), ("ABCDEF", "abcdef"), _spread(32)),
    Kind("secret", _words("token", "secret", "api_?key", "password", "session"), _made(_hex(24), 24), (), _spread(24)),
    Kind("currency", _words("currency"), _of("EUR", "USD", "JPY", "CHF", "GBP"), ("eur", "EU")),
    Kind("country", _words("country_?code"), _of("DE", "US", "JP", "BR", "IN"), ("de", "UK")),
    Kind("country", _words("country"), _from("country"), ("DE", "de")),
    Kind("language", _words("language", "locale", "lang"), _of("en", "de", "fr", "pt-BR", "zh_Hant"), ("EN", "en_US.UTF-8")),
    Kind("time zone", _words("time_?zone", "tz"), _of("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"), ("utc", "+02:00")),
    Kind("city", _words("city", "town", "place"), _from("city"), ("New York, NY",)),
    Kind("street", _words("street", "address", "address_line\\d?"), _from("street"), ("PO Box 1, 10115 Berlin", "line one\nline two")),
    Kind("zip", _words("zip", "zip_?code", "postal_?code", "postcode"), _made(lambda random: f"{random.randint(0, 99999):05d}"), ("01067", "SW1A 1AA")),
    Kind("company", _words("company", "organi[sz]ation", "vendor", "supplier", "manufacturer"), _from("company"), ("Acme, Inc.", "ACME, INC.")),
    Kind("status", _words("status", "state", "stage", "phase"), _of(*_STATUSES), ("Active", "ACTIVE", " active", "unknown")),
    Kind("role", _words("role", "permission"), _of("admin", "editor", "viewer", "owner"), ("Admin", "ADMIN")),
    Kind("type", _words("type", "kind", "category", "mode", "source", "method"), _of("default", "manual", "import", "api", "legacy"), ("Default", "other")),
    Kind("version", _words("version", "release"), _of("1.0.0", "1.10.2", "2.0.0-rc.1", "0.9"), ("v1", "1", "01.00")),
    Kind("color", _words("colou?r"), _of("#ff0000", "#00FF00", "blue"), ("#FFF",)),
    Kind("ip", _words("ip", "ip_?addr(?:ess)?", "host_?name", "host", "domain"), _of("192.168.0.1", "10.0.0.12", "2001:db8::1", "db.example.org"), ("LOCALHOST",)),
    Kind("tag", _words("tag", "keyword", "label"), _from("word"), ("a,b", "a, b", "Tag", "tag"), lambda k: f"tag-{k:05d}"),
    Kind("code", _words("code", "sku", "number", "ref", "reference", "key", "isbn", "serial", "barcode"), _made(lambda random: f"{random.choice('ABCX')}{random.randint(1, 9999):04d}"), ("a0001", "A0001", "A-0001", "0001"), lambda k: f"C{k:07d}"),
    Kind("date text", _words("date", "day", "month", "birthday"), _made(lambda random: str(date(2020, 1, 1) + timedelta(days=random.randint(0, 1800)))), ("31.12.1999", "12/31/1999", "2024-02-30", "yesterday")),
    Kind("number text", _words("amount", "price", "total", "count", "quantity", "size", "score"), _made(lambda random: f"{random.uniform(0, 500):.2f}"), ("1,234.56", "1.234,56", "-1", "n/a", "1e3")),
    Kind("document text", _words("json", "metadata", "meta", "payload", "config", "settings", "options", "params", "data", "extra", "attributes"), _of('{"a": 1}', '{"name": "x", "tags": ["a"]}', "{}"), ("{not json", "null", "[1, 2]", "plain text")),
    Kind("job", _words("job", "job_title", "profession", "position"), _from("job"), ()),
    Kind("id text", re.compile(r"(?:^|_)u?id$|_ids$|^external_|_external$"), _made(_hex(12), 30), ("1", "0", "ID-1", "id-1"), _spread(12)),
    Kind("name", _words("full_?name", "display_?name", "person", "author", "contact", "owner", "customer", "created_by", "updated_by"), _from("name"), ("Doe, John", "John Doe", "JOHN DOE", "Cher")),
    Kind("name", _words("name", "title", "subject", "headline"), _from("name"), ("Doe, John", "John Doe", "JOHN DOE"), lambda k: f"Name {k:07d}"),
    Kind("paragraph", _words("description", "body", "content", "text", "comment", "note", "message", "summary", "bio", "about", "review", "reason", "error"), _from("paragraph")),
)


def _money(random: Random) -> Sequence[str]:
    return [f"{random.randint(0, 20_000) / 100:.2f}" for _ in range(32)] + ["0.00", "9.99", "19.90", "1000.00"]


def _whole(low: int, high: int) -> Callable[[Random], Sequence[str]]:
    return lambda random: [str(random.randint(low, high)) for _ in range(32)]


def _fraction(low: float, high: float, places: int) -> Callable[[Random], Sequence[str]]:
    return lambda random: [f"{random.uniform(low, high):.{places}f}" for _ in range(32)]


NUMBER_KINDS: Final = (
    Kind("money", _words("price", "amount", "total", "subtotal", "cost", "balance", "fee", "salary", "tax", "discount", "revenue", "credit", "debit", "payment"), _money),
    Kind("latitude", _words("lat", "latitude"), _fraction(-90, 90, 5)),
    Kind("longitude", _words("lon", "lng", "longitude"), _fraction(-180, 180, 5)),
    Kind("year", _words("year"), _whole(1950, 2025)),
    Kind("percent", _words("percent", "percentage", "progress", "pct"), _whole(0, 100)),
    Kind("ratio", _words("ratio", "rate", "score", "probability", "weight", "confidence"), _fraction(0, 1, 4)),
    Kind("rating", _words("rating", "stars"), _whole(1, 5)),
    Kind("age", _words("age"), _whole(0, 99)),
    Kind("bytes", _words("bytes", "file_size", "size"), _whole(0, 2_000_000_000)),
    Kind("port", _words("port"), _whole(1, 65535)),
    Kind("duration", _words("duration", "seconds", "ms", "elapsed", "timeout", "ttl", "minutes"), _whole(0, 90_000)),
    Kind("ordinal", _words("position", "order", "sort_?order", "rank", "priority", "level", "sequence", "version", "revision", "index", "idx"), _whole(0, 20)),
    Kind("counter", _words("count", "num", "n", "quantity", "qty", "views", "likes", "retries", "attempts", "hits", "stock", "samples", "rows", "tokens"), _whole(0, 500)),
    Kind("id", re.compile(r"(?:^|_)ids?$"), lambda random: [*map(str, range(1, 41)), "987654321"]),
)

_CREATED: Final = _words("created", "inserted", "registered", "joined", "started?", "begin", "began", "opened", "valid_from", "from", "since", "first_\\w+")
_UPDATED: Final = _words("updated", "modified", "changed", "finished", "ended?", "completed", "closed", "deleted", "archived", "valid_to", "until", "to", "last_\\w+")
_FUTURE: Final = _words("expires?", "expiry", "due", "scheduled", "deadline", "renewal")


def normalised(name: str) -> str:
    """A name in lower snake case."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def moment_rank(name: str) -> int | None:
    """0 for a moment that comes first in a row's life (created, started), 1 for one that follows, None for others."""
    plain = normalised(name)
    return 0 if _CREATED.search(plain) else 1 if _UPDATED.search(plain) else None


def kind_of(column: Column, kinds: Sequence[Kind]) -> Kind | None:
    """The kind that the name speaks of, else the one that the comment does."""
    for text in (normalised(column.name), normalised(column.comment)):
        found = next((kind for kind in kinds if kind.pattern.search(text)), None) if text else None
        if found is not None:
            return found
    return None


def realistic(column: Column, pool: Pool, random: Random) -> Pool:
    """The pool of a column's type with plausible values that suit its name; what is adversarial stays, some is added."""
    kind, modifier = bottom(column.type, column.modifier)
    if not kind.builtin and kind.name != "citext":
        return pool
    if kind.name in _TEXTS:
        return _text(column, pool, random, modifier - 4 if modifier >= 4 else 1 if kind.name == "bpchar" else None)
    if kind.name in _INTEGERS or kind.name in _FRACTIONS:
        return _number(column, pool, random, kind.name, modifier)
    return _moment(column, pool, random, kind.name) if kind.name in _MOMENTS else pool


def _text(column: Column, pool: Pool, random: Random, limit: int | None) -> Pool:
    kind = kind_of(column, TEXT_KINDS)
    if kind is None:
        return pool
    twists = limited(kind.twists, limit)
    nth = kind.nth if kind.nth and (limit is None or len(kind.nth(10**7)) <= limit) else text_nth(limit)
    plausible = limited(tuple(dict.fromkeys(kind.make(random))), limit)
    adversarial = tuple(dict.fromkeys((*twists[:4], *pool.adversarial[:6], *twists[4:], *pool.adversarial[6:])))
    return replace(pool, plausible=plausible, adversarial=adversarial, nth=nth)


_HIGHEST: Final = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}


def _number(column: Column, pool: Pool, random: Random, name: str, modifier: int) -> Pool:
    kind = kind_of(column, NUMBER_KINDS)
    if kind is None:
        return pool
    values = list(kind.make(random))
    if name in _INTEGERS:
        values = [str(int(float(value))) for value in values if abs(float(value)) <= _HIGHEST[name]]
    limits = precision(modifier) if name == "numeric" else None
    if limits is not None:
        places = max(limits[1], 0)
        values = [f"{float(value):.{places}f}" for value in values if abs(float(value)) < 10.0 ** (limits[0] - limits[1]) - 1]
        values = values if limits[1] >= 0 else []
    rare = () if kind.name in ("money", "counter", "id", "year", "percent") else pool.rare
    return replace(pool, plausible=tuple(dict.fromkeys(values)) or pool.plausible, rare=rare)


def _moment(column: Column, pool: Pool, random: Random, name: str) -> Pool:
    plain = normalised(column.name)
    if _FUTURE.search(plain):
        moved = [_later(value, name) for value in pool.plausible]
        return replace(pool, plausible=tuple(moved))
    if moment_rank(column.name) is None:
        return pool
    past = tuple(value for value in pool.adversarial if value < str(NOW))
    return replace(pool, adversarial=past, rare=())


def _later(value: str, name: str) -> str:
    moved = datetime.fromisoformat(value) + timedelta(days=2000)
    return str(moved.date()) if name == "date" else moved.isoformat(" ").replace("+00:00", "+00")
