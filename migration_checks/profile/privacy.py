"""Which values may stand in a profile: those that identify nobody, and none of a column that may be about people."""

from __future__ import annotations

import re

LEAST_FRACTION = 0.01
"""How frequent a value must be, as a share of all rows."""
LEAST_ROWS = 20
"""How many rows must hold it, by estimate; also what a bucket or a pattern of NULLs must cover."""
MOST_DISTINCT = 50
"""How many different values its column may hold."""
LONGEST = 60
"""How long it may be: longer texts are written, not chosen."""

# Anywhere in a name, its comment or its type; broad on purpose, since a value too few costs little.
_PARTS = (
    "name", "mail", "phone", "mobile", "address", "addr", "street", "city", "zip", "postal", "postcode", "birth",
    "gender", "passw", "passport", "secret", "token", "credential", "social", "ssn", "iban", "bank", "account", "card",
    "salary", "income", "wage", "tax", "insur", "diagnos", "health", "medic", "patient", "disease", "disab", "religio",
    "ethnic", "nationality", "political", "orient", "biometr", "latitude", "longitude", "signature", "photo", "avatar",
    "personal", "private", "sensitive", "pii", "gdpr", "employee", "customer", "applicant", "student", "author",
    "owner", "assignee", "approver", "reviewer", "manager", "contact", "recipient", "sender", "comment", "note",
    "description", "message", "remark", "subject", "body", "biograph", "licen", "plate", "user", "login", "nick",
    "alias", "fingerprint", "cookie", "session", "device", "vorname", "strasse", "straße", "anschrift", "telefon",
    "geburt", "gehalt", "kunde", "prenom", "nombre", "apellid", "correo", "direccion", "adresse", "telephone",
    "naissance", "cognome", "indirizzo", "person",
)  # fmt: skip
# Whole words of a name only: within others they mean something else.
_WORDS = frozenset((
    "ip", "ips", "tel", "fax", "dob", "sex", "age", "lat", "lon", "lng", "id", "ids", "uid", "uuid", "guid", "by",
    "bio", "race", "pin", "slug", "ort", "nom",
))  # fmt: skip
# What looks like an address, a link, a number that somebody has, or "First Last".
_TELLING = re.compile(r"@|://|\d{5}|\d[\d ().-]{6,}|^\s*[A-Z][a-zà-ÿ'’-]+[ ,]+[A-Z]")


def personal(name: str, about: str = "") -> bool:
    """Whether a column's name, or what is said about it (comment, type), hints at people."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    words = set(re.split(r"[^a-z0-9]+", plain))
    told = f"{plain} {about.lower()}"
    return bool(words & _WORDS) or any(part in told for part in _PARTS)


def may_be_kept(value: str, fraction: float, rows: int, distinct: int | None) -> bool:
    """Whether a text or number of a column that hints at nobody is frequent and common enough, and shows nothing telling."""
    if distinct is None or distinct > MOST_DISTINCT or fraction < LEAST_FRACTION or fraction * rows < LEAST_ROWS:
        return False
    return len(value) <= LONGEST and value.isprintable() and not _TELLING.search(value)
