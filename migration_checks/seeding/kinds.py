"""The kinds of text that a column's name tells: who, where, which file, which code; with the twists that break readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from migration_checks.seeding.phrases import phrases


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column: `pattern` finds it in a normalised name, `make` draws plausible values, `twists` are adversarial."""

    name: str
    pattern: re.Pattern[str]
    make: Callable[[Random], Sequence[str]]
    twists: tuple[str, ...] = ()
    nth: Callable[[int], str] | None = None


def words(*names: str) -> re.Pattern[str]:
    """A pattern for names that hold one of these words, singular or plural."""
    return re.compile(r"(?:^|_)(?:" + "|".join(names) + r")s?(?:_|$)")


def _from(kind: str, count: int = 64) -> Callable[[Random], Sequence[str]]:
    return lambda random: random.sample(phrases()[kind], count)


def _of(*values: str) -> Callable[[Random], Sequence[str]]:
    return lambda random: values


def made(one: Callable[[Random], str], count: int = 40) -> Callable[[Random], Sequence[str]]:
    """Draws values one by one."""
    return lambda random: [one(random) for _ in range(count)]


_OWNERS: Final = ("openai", "google", "acme-labs", "EleutherAI", "mistralai", "data-team", "jdoe")
_THINGS: Final = ("tiny-stories", "bert-base", "Llama-2-7b", "wiki_text.v2", "alpaca", "the-pile", "demo")
_STATUSES: Final = ("active", "pending", "completed", "failed", "processing", "archived", "cancelled", "draft")


def _slug(random: Random) -> str:
    return f"{random.choice(_THINGS)}-{random.randint(1, 99)}".lower().replace("_", "-").replace(".", "-")


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
        words("e_?mail", "mail_address"),
        _from("email"),
        (
            "USER@EXAMPLE.ORG",
            "user@example.org",
            "no-at-sign",
            "two@@signs.example",
            " blank@example.org ",
            "jürgen@exämple.org",
        ),
        lambda k: f"user{k:07d}@example.org",
    ),
    Kind(
        "first name",
        words("first_?name", "given_?name", "forename"),
        _from("first_name"),
        ("ANNA", "anna", "Anna Maria", "O'Neil"),
    ),
    Kind(
        "last name",
        words("last_?name", "surname", "family_?name"),
        _from("last_name"),
        ("van der Berg", "MÜLLER", "Müller", "O'Neil"),
    ),
    Kind(
        "user name",
        words("user_?name", "login", "handle", "nick_?name"),
        _from("user_name"),
        ("Admin", "admin", "ADMIN", "with space"),
        lambda k: f"user{k:07d}",
    ),
    Kind("phone", words("phone", "mobile", "fax", "tel"), _from("phone"), ("0", "+1 (555) 010-0000 ext. 7", "n/a")),
    Kind(
        "mime",
        words("mime", "mime_type", "content_type", "media_type"),
        _of("text/plain", "image/png", "application/json", "text/html; charset=utf-8"),
    ),
    Kind(
        "url",
        words("url", "uri", "link", "website", "homepage", "href", "endpoint", "webhook"),
        _from("url"),
        ("HTTP://EXAMPLE.ORG", "http://example.org", "example.org/no-scheme", "https://example.org/?q=a%20b&x=1#top", "//cdn"),
        lambda k: f"https://example.org/p/{k}",
    ),
    Kind(
        "repository",
        words("repo", "repository", "repo_id", "repo_name", "full_slug"),
        made(_repository),
        ("noowner", "a/b/c", "/leading", "trailing/", "OpenAI/Tiny-Stories", "openai/tiny-stories", "owner / name"),
        lambda k: f"owner{k % 97}/repo-{k}",
    ),
    Kind(
        "path",
        words("path", "dir", "directory", "folder", "file_?path", "location"),
        made(_path),
        ("", "/", "a//b", "../up", "C:\\x"),
        lambda k: f"/data/{k:07d}.dat",
    ),
    Kind(
        "file",
        words("file_?name", "file", "attachment"),
        made(lambda random: _path(random).rsplit("/", 1)[-1]),
        ("noextension", ".hidden", "a.b.c", "UPPER.TXT"),
    ),
    Kind(
        "slug",
        words("slug", "permalink"),
        made(_slug),
        ("Not-A-Slug", "not-a-slug", "double--dash"),
        lambda k: f"slug-{k:07d}",
    ),
    Kind(
        "hash",
        words("hash", "sha\\d*", "md5", "checksum", "digest", "etag", "fingerprint"),
        made(_hex(32), 24),
        ("ABCDEF", "abcdef"),
        _spread(32),
    ),
    Kind("secret", words("token", "secret", "api_?key", "password", "session"), made(_hex(24), 24), (), _spread(24)),
    Kind("currency", words("currency"), _of("EUR", "USD", "JPY", "CHF", "GBP"), ("eur", "EU")),
    Kind("country", words("country_?code"), _of("DE", "US", "JP", "BR", "IN"), ("de", "UK")),
    Kind("country", words("country"), _from("country"), ("DE", "de")),
    Kind("language", words("language", "locale", "lang"), _of("en", "de", "fr", "pt-BR", "zh_Hant"), ("EN", "en_US.UTF-8")),
    Kind(
        "time zone",
        words("time_?zone", "tz"),
        _of("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"),
        ("utc", "+02:00"),
    ),
    Kind("city", words("city", "town", "place"), _from("city"), ("New York, NY",)),
    Kind(
        "street",
        words("street", "address", "address_line\\d?"),
        _from("street"),
        ("PO Box 1, 10115 Berlin", "line one\nline two"),
    ),
    Kind(
        "zip",
        words("zip", "zip_?code", "postal_?code", "postcode"),
        made(lambda random: f"{random.randint(0, 99999):05d}"),
        ("01067", "SW1A 1AA"),
    ),
    Kind(
        "company",
        words("company", "organi[sz]ation", "vendor", "supplier", "manufacturer"),
        _from("company"),
        ("Acme, Inc.", "ACME, INC."),
    ),
    Kind("status", words("status", "state", "stage", "phase"), _of(*_STATUSES), ("Active", "ACTIVE", " active", "unknown")),
    Kind("role", words("role", "permission"), _of("admin", "editor", "viewer", "owner"), ("Admin", "ADMIN")),
    Kind(
        "type",
        words("type", "kind", "category", "mode", "source", "method"),
        _of("default", "manual", "import", "api", "legacy"),
        ("Default", "other"),
    ),
    Kind("version", words("version", "release"), _of("1.0.0", "1.10.2", "2.0.0-rc.1", "0.9"), ("v1", "1", "01.00")),
    Kind("color", words("colou?r"), _of("#ff0000", "#00FF00", "blue"), ("#FFF",)),
    Kind(
        "ip",
        words("ip", "ip_?addr(?:ess)?", "host_?name", "host", "domain"),
        _of("192.168.0.1", "10.0.0.12", "2001:db8::1", "db.example.org"),
        ("LOCALHOST",),
    ),
    Kind("tag", words("tag", "keyword", "label"), _from("word"), ("a,b", "a, b", "Tag", "tag"), lambda k: f"tag-{k:05d}"),
    Kind(
        "code",
        words("code", "sku", "number", "ref", "reference", "key", "isbn", "serial", "barcode"),
        made(lambda random: f"{random.choice('ABCX')}{random.randint(1, 9999):04d}"),
        ("a0001", "A0001", "A-0001", "0001"),
        lambda k: f"C{k:07d}",
    ),
    Kind(
        "date text",
        words("date", "day", "month", "birthday"),
        made(lambda random: str(date(2020, 1, 1) + timedelta(days=random.randint(0, 1800)))),
        ("31.12.1999", "12/31/1999", "2024-02-30", "yesterday"),
    ),
    Kind(
        "number text",
        words("amount", "price", "total", "count", "quantity", "size", "score"),
        made(lambda random: f"{random.uniform(0, 500):.2f}"),
        ("1,234.56", "1.234,56", "-1", "n/a", "1e3"),
    ),
    Kind(
        "document text",
        words("json", "metadata", "meta", "payload", "config", "settings", "options", "params", "data", "extra", "attributes"),
        _of('{"a": 1}', '{"name": "x", "tags": ["a"]}', "{}"),
        ("{not json", "null", "[1, 2]", "plain text"),
    ),
    Kind("job", words("job", "job_title", "profession", "position"), _from("job"), ()),
    Kind(
        "id text",
        re.compile(r"(?:^|_)u?id$|_ids$|^external_|_external$"),
        made(_hex(12), 30),
        ("1", "0", "ID-1", "id-1"),
        _spread(12),
    ),
    Kind(
        "name",
        words("full_?name", "display_?name", "person", "author", "contact", "owner", "customer", "created_by", "updated_by"),
        _from("name"),
        ("Doe, John", "John Doe", "JOHN DOE", "Cher"),
    ),
    Kind(
        "name",
        words("name", "title", "subject", "headline"),
        _from("name"),
        ("Doe, John", "John Doe", "JOHN DOE"),
        lambda k: f"Name {k:07d}",
    ),
    Kind(
        "paragraph",
        words(
            "description",
            "body",
            "content",
            "text",
            "comment",
            "note",
            "message",
            "summary",
            "bio",
            "about",
            "review",
            "reason",
            "error",
        ),
        _from("paragraph"),
    ),
)
