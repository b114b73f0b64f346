"""Pools for the types of the usual extensions, found by their short names."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from migration_checks.seeding.pool import Pool
from migration_checks.seeding.scalars import Maker, listed, text_pool


def _citext(random: Random, modifier: int) -> Pool:
    return text_pool(None, canonical=str.casefold)


def _vector(kind: str) -> Maker:
    def make(random: Random, modifier: int) -> Pool:
        size = modifier if modifier > 0 else 3
        plausible = tuple(_vector_text([random.uniform(-1, 1) for _ in range(size)], kind) for _ in range(8))
        edges = (_vector_text([1.0] * size, kind), _vector_text([-0.5] + [0.0] * (size - 1), kind))
        return Pool(
            plausible, edges, nth=lambda k: _vector_text([float(k + 2)] + [0.0] * (size - 1), kind) if k < 60000 else None
        )

    return make


def _vector_text(values: list[float], kind: str) -> str:
    if kind == "sparsevec":
        return "{" + ",".join(f"{place}:{value:.4g}" for place, value in enumerate(values, 1) if value) + f"}}/{len(values)}"
    return "[" + ",".join(f"{value:.5g}" for value in values) + "]"


EXTENSIONS: Final[Mapping[str, Maker]] = {
    "citext": _citext,
    "hstore": listed(
        '"a"=>"1", "b"=>NULL', '"name"=>"Ada"', edges=("", '""=>""', '"A"=>"1", "a"=>"2"'), nth=lambda k: f'"id"=>"{k}"'
    ),
    "ltree": listed("top.science.astronomy", "top", "a.b.c", edges=("", "A.B.C"), nth=lambda k: f"n.{k}"),
    "lquery": listed("top.*", "*.a|b.*"),
    "ltxtquery": listed("a & b", "science"),
    "vector": _vector("vector"),
    "halfvec": _vector("halfvec"),
    "sparsevec": _vector("sparsevec"),
    "cube": listed("(1, 2, 3)", "(0),(1)", edges=("(0)",), nth=lambda k: f"({10 * k})"),
    "seg": listed("1", "1 .. 2", "~1.5", nth=lambda k: str(10 * k)),
    "isbn": listed("978-0-393-04002-9", nth=lambda k: f"978{k:09d}?"),
    "isbn13": listed("978-0-393-04002-9", nth=lambda k: f"978{k:09d}?"),
    "ean13": listed("220-356483481-6", nth=lambda k: f"220{k:09d}?"),
    "ismn": listed("979-0-2306-7118-7", nth=lambda k: f"9790{k:08d}?"),
    "ismn13": listed("979-0-2306-7118-7", nth=lambda k: f"9790{k:08d}?"),
    "issn": listed("1436-4522", nth=lambda k: f"977{k:07d}00?"),
    "issn13": listed("977-1436-452-00-8", nth=lambda k: f"977{k:07d}00?"),
    "upc": listed("220356483481", nth=lambda k: f"{k:011d}?"),
    "lo": listed("0", "1", nth=str),
    "query_int": listed("1&2", "1|(2&3)"),
    "prefix_range": listed("123", "44"),
    "semver": listed("1.2.3", "0.0.1-alpha"),
}
"""Makers for types of extensions, by their short name."""
