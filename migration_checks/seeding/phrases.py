"""Names, addresses, sentences and the like in many languages, drawn from Faker once and kept in phrases.json.

They are kept so that the same seed gives the same rows whatever release of Faker is installed, and because building a dozen
locales takes longer than a whole walk. `python -m migration_checks.seeding.phrases` draws them anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

LOCALES: Final = (
    "en_US",
    "de_DE",
    "fr_FR",
    "es_ES",
    "pl_PL",
    "tr_TR",
    "ru_RU",
    "el_GR",
    "he_IL",
    "ar_AA",
    "hi_IN",
    "ja_JP",
    "zh_CN",
    "ko_KR",
)
EACH: Final = 9
KINDS: Final[Mapping[str, str]] = {
    "name": "name",
    "first_name": "first_name",
    "last_name": "last_name",
    "user_name": "user_name",
    "email": "safe_email",
    "city": "city",
    "street": "street_address",
    "company": "company",
    "sentence": "sentence",
    "paragraph": "paragraph",
    "phone": "phone_number",
    "job": "job",
    "country": "country",
    "url": "uri",
    "word": "word",
}


@cache
def phrases() -> Mapping[str, tuple[str, ...]]:
    """For each kind its phrases, languages taking turns."""
    text = resources.files(__package__).joinpath("phrases.json").read_text(encoding="utf-8")
    return {kind: tuple(values) for kind, values in json.loads(text).items()}


def draw() -> dict[str, list[str]]:
    """Phrases of every kind from Faker, languages taking turns, no phrase twice in a kind."""
    from faker import Faker

    speakers = []
    for locale in LOCALES:
        speaker = Faker(locale)
        speaker.seed_instance(f"migration-checks {locale}")
        speakers.append(speaker)
    return {
        kind: list(dict.fromkeys(str(getattr(speaker, method)()) for _ in range(EACH) for speaker in speakers))
        for kind, method in KINDS.items()
    }


def main() -> None:
    """Write phrases.json beside this module."""
    text = json.dumps(draw(), ensure_ascii=False, indent=0)
    Path(__file__).with_name("phrases.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
