"""Reports for the tests of the page: one with evidence of every trial, one that is very large, one that attacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from migration_checks.check import Finding, Location, Severity
from migration_checks.graph import Revision
from migration_checks.report import Note, Report, Step
from migration_checks.transition import Destination, Fate, Leg
from tests.reports import HOSTILE, SAMPLE, STEPS

ACCESS_EXCLUSIVE = {"mode": "AccessExclusiveLock", "blocks": "reads and writes"}
SHARE = {"mode": "ShareLock", "blocks": "writes"}
ROW_EXCLUSIVE = {"mode": "RowExclusiveLock", "blocks": "DDL and index builds"}


def lock(relation: str, mode: dict[str, str], *, new: bool = True, kind: str = "table") -> dict[str, Any]:
    """A lock as an observer tells of it."""
    return {"relation": relation, "kind": kind, "new": new, "sources": ["pg_locks"], **mode}


OBSERVED = Step(
    "bbb222",
    Leg.OBSERVE,
    4,
    0,
    0,
    observations={
        "statements": [
            {
                "sql": "ALTER TABLE items ADD COLUMN note_id bigint REFERENCES notes",
                "path": "migrations/versions/bbb222_notes.py",
                "line": 12,
                "transaction": 1,
                "autocommit": False,
                "rows": 0,
                "locks": [lock("public.items", ACCESS_EXCLUSIVE), lock("public.notes", {"mode": "ShareRowExclusiveLock"})],
                "rewrites": [],
                "scans": [],
                "changed": {},
            },
            *(
                {
                    "sql": "UPDATE items SET note_id = %(note)s WHERE id = %(id)s",
                    "path": "migrations/versions/bbb222_notes.py",
                    "line": 17,
                    "transaction": 1,
                    "autocommit": False,
                    "rows": 1,
                    "locks": [lock("public.items", ACCESS_EXCLUSIVE, new=False), lock("public.items", ROW_EXCLUSIVE)],
                    "changed": {"updated": {"public.items": 1}},
                }
                for _ in range(3)
            ),
            {
                "sql": "ALTER TABLE items ALTER COLUMN price TYPE numeric(12, 4)",
                "path": "migrations/versions/bbb222_notes.py",
                "line": 21,
                "transaction": 1,
                "autocommit": False,
                "rows": 0,
                "locks": [
                    lock("public.items", ACCESS_EXCLUSIVE, new=False),
                    lock("public.items_pkey", ACCESS_EXCLUSIVE, kind="index"),
                ],
                "rewrites": [
                    {"relation": "public.items", "reason": "the type of a column changes", "sources": ["relfilenode"]}
                ],
                "scans": [{"relation": "public.items", "rows": 40_000, "under": "AccessExclusiveLock"}],
            },
            {
                "sql": "CREATE INDEX CONCURRENTLY items_note_id ON items (note_id)",
                "path": "migrations/versions/bbb222_notes.py",
                "line": 25,
                "transaction": 2,
                "autocommit": True,
                "rows": -1,
                "locks": [lock("public.items", {"mode": "ShareUpdateExclusiveLock"})],
            },
        ],
        "relations": [
            {"name": "public.items", "rows": 40_000, "size_before": 5_242_880, "size_after": 9_961_472, "dead_rows": 3},
            {"name": "public.notes", "rows": 900, "size_before": 131_072, "size_after": 131_072, "dead_rows": 0},
        ],
        "foreign_keys_unindexed": ["public.items.items_note_id_fkey"],
        "upkeep": [{"object": "public.items_note_id", "kind": "index", "state": "invalid"}],
        "something_new": {"fact": "from a later version"},
    },
    timing={
        "seconds": 1.2,
        "statements": [
            {"began": 0.0, "seconds": 0.01, "held_until": 0.9, "wal_bytes": 2_048},
            {"began": 0.02, "seconds": 0.1, "held_until": 0.9, "wal_bytes": 300_000},
            {"began": 0.13, "seconds": 0.1, "held_until": 0.9, "wal_bytes": 300_000},
            {"began": 0.24, "seconds": 0.1, "held_until": 0.9, "wal_bytes": 300_000},
            {"began": 0.35, "seconds": 0.55, "held_until": 0.9, "wal_bytes": 4_800_000, "temp_bytes": 90_000},
            {"began": 0.92, "seconds": 0.28, "held_until": 1.2, "wal_bytes": 900_000},
        ],
    },
)
OBSERVED_DOWN = replace(OBSERVED, leg=Leg.OBSERVE_DOWN, timing={"seconds": 0.4})
QUEUE = Step(
    "bbb222",
    Leg.QUEUE,
    2,
    0,
    0,
    observations={"relation": "public.items", "lock_timeout_used": False},
    timing={
        "seconds": 4.4,
        "budget": 1.0,
        "waits": [
            {"who": "reader", "relation": "public.items", "seconds": 2.013, "with_lock_timeout": False},
            {"who": "writer", "relation": "public.items", "seconds": 2.021, "with_lock_timeout": False},
            {"who": "reader", "relation": "public.items", "seconds": 0.1, "with_lock_timeout": True},
            {"who": "writer", "relation": "public.items", "seconds": 0.12, "with_lock_timeout": True},
        ],
    },
)
GROWTH = Step(
    "bbb222",
    Leg.GROWTH,
    12,
    0,
    0,
    observations={"sizes": [250, 1_000, 4_000, 16_000], "statements_by_size": [501, 2_001, 8_001, 32_001], "row_by_row": True},
    timing={
        "seconds": 31.0,
        "seconds_by_size": [[0.11, 0.13], [0.46, 0.51], [1.9, 2.2], [8.1, 7.7]],
        "exponent": 1.02,
        "exponent_interval": [0.96, 1.08],
        "estimate": {"rows": 10_000_000, "seconds": 5_300.0, "low": 3_600.0, "high": 7_900.0},
    },
)
REFUSED = replace(
    GROWTH,
    revision="ccc333",
    timing={**GROWTH.timing, "estimate": {"refused": "the fit leaves a third of the variance unexplained"}},
)
SKEW = Step(
    "bbb222",
    Leg.SKEW,
    3,
    0,
    0,
    observations={
        "statements": [
            {"sql": "SELECT id, note FROM items", "what": "select of every column", "accepted_before": True,
             "error": 'column "note" does not exist', "sqlstate": "42703", "direction": "old code on new schema"},
            {"sql": "INSERT INTO items (id) VALUES (1)", "what": "insert of what is required", "accepted_before": True,
             "error": None, "sqlstate": None, "direction": "old code on new schema"},
        ]
    },
    timing={"seconds": 0.1},
)  # fmt: skip
CRASH = Step(
    "bbb222",
    Leg.CRASH,
    3,
    0,
    0,
    observations={
        "deaths": [
            {"statement": 1, "kind": "backend terminated", "survived": False, "state": "before", "resumed": True},
            {"statement": 6, "kind": "process killed", "survived": False, "state": "between", "resumed": False,
             "difference": "index public.items_note_id is invalid"},
        ]
    },
    timing={"seconds": 2.5},
)  # fmt: skip
TRIALS = (OBSERVED, OBSERVED_DOWN, QUEUE, GROWTH, REFUSED, SKEW, CRASH, replace(CRASH, leg=Leg.RUNNERS))

BLOCKED = Finding(
    "MC601",
    "blocks-reads",
    Severity.WARNING,
    "bbb222",
    Leg.OBSERVE,
    "public.items",
    "public.items is locked against reads for 0.9 s.",
    {"mode": "AccessExclusiveLock", "seconds": 0.9, "budget": 0.1},
    Location("migrations/versions/bbb222_notes.py", 12),
)
LOSS = Finding(
    "MC302",
    "upgrade-loses-values",
    Severity.ERROR,
    "bbb222",
    Leg.ASCEND,
    "public.items.note",
    "12 of 40 values dropped here (30%) are found nowhere, for example id=1.",
    {
        "how": "dropped",
        "count": 12,
        "total": 40,
        "restored": 8,
        "moved": [{"place": "public.notes.text", "how": "new table", "count": 20, "written_by": "aaa111"}],
        "caused_by": "aaa111",
        "samples": [{"key": {"id": "1"}, "before": "a long text that was cut here", "after": "a long text that was"}],
    },
    Location("migrations/versions/bbb222_notes.py", 31),
)
RICH = replace(SAMPLE, findings=(LOSS, *SAMPLE.findings, BLOCKED), steps=(*STEPS, *TRIALS))


def large(findings: int = 5_000, revisions: int = 400) -> Report:
    """A chain of many revisions with a branch now and then, each with four legs, and many findings with samples."""
    names = [f"{number:012x}" for number in range(revisions)]
    chain = [Revision(names[0], (), doc="first")]
    for number in range(1, revisions):
        down = (names[number - 1],) if number % 10 else (names[number - 1], names[max(number - 3, 0)])
        chain.append(Revision(names[number], down, doc=f"change number {number}", path=f"versions/{names[number]}_change.py"))
    legs = (Leg.ASCEND, Leg.UNDO, Leg.REDO, Leg.DESCEND)
    steps = tuple(Step(name, leg, 3, 1_000, 9_000, timing={"seconds": 0.01}) for name in names for leg in legs)
    found = tuple(
        replace(
            LOSS if number % 3 else BLOCKED,
            revision=names[number % (revisions // 2)],
            subject=f"public.table_{number % 97}.column_{number}",
        )
        for number in range(findings)
    )
    return replace(SAMPLE, findings=found, steps=steps, chain=tuple(chain), not_checked=(), notes=())


ATTACKS = (
    HOSTILE,
    "</script><script>window.attacked = 1</script>",
    "</style><img src=x onerror=attacked=1>",
    '"><svg onload=attacked=1>',
    "' onmouseover='attacked=1",
    "--><b>",
    "]]>&amp;&#60;script&#62;",
    "javascript:attacked=1",
    "\u202egnp.exe\u2066 \u200b\ufeff\ud800\x00\x1b]0;title\x07",
    "long " + "x" * 50_000,
    "ZW" + "́" * 500,
    "{{7*7}}${7*7}<%= 7*7 %>",
)


def hostile() -> Report:
    """Every attack in every text of a report."""
    findings, steps, notes, chain = [], [], [], []
    for number, attack in enumerate(ATTACKS):
        samples = [{"key": {attack[:40]: attack}, "before": attack, "after": attack + "b"}]
        evidence = {"samples": samples, "missing": [{attack[:40]: attack}],
                    "facets": {attack[:40]: {"before": attack, "after": 1}},
                    "moved": [{"place": attack, "how": attack, "count": 3, "written_by": attack}], "total": 5, "count": 2,
                    "how": attack, "caused_by": attack, attack[:40]: {"deep": [attack, {"er": attack}]}, "plain": attack,
                    "leaves": [{"check": attack, "subject": attack, "message": attack}]}  # fmt: skip
        findings.append(
            Finding(
                f"MC30{number}", attack, Severity(number % 3), attack, list(Leg)[number % 7], attack, attack, evidence,
                Location(attack, 3), attack if number % 5 == 4 else None, (f"descend {attack}",),
            )
        )  # fmt: skip
        flow = Fate(attack, attack, attack, 9, (Destination(attack, attack, 5, attack),), 1, 3, caused_by=attack)
        steps += [
            replace(STEPS[3], revision=attack, flows=(flow,)),
            *(replace(each, revision=attack) for each in spoiled(attack)),
        ]
        notes.append(Note(attack, attack, attack))
        chain.append(Revision(attack, (ATTACKS[number - 1],) if number else (), (attack,), (attack,), attack, attack))
    return replace(
        SAMPLE, lineage=HOSTILE, provider=HOSTILE, range=HOSTILE, findings=tuple(findings), steps=tuple(steps),
        not_checked=tuple(notes), notes=tuple(notes), chain=tuple(chain), versions={HOSTILE: HOSTILE},
    )  # fmt: skip


def spoiled(attack: str) -> list[Step]:
    """The evidence of every trial with `attack` in place of every text."""

    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        if isinstance(value, list):
            return [spoil(each) for each in value]
        return attack if isinstance(value, str) else value

    return [replace(each, observations=spoil(dict(each.observations)), timing=spoil(dict(each.timing))) for each in TRIALS]
