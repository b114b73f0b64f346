"""What the manual says of the checks on locks; the rules themselves are in migration_checks.checks.locks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """The words of one check."""

    id: str
    name: str
    title: str
    effect: str
    remedy: str


MANUAL = (
    Page(
        "MC601",
        "blocks-reads",
        "A table in use is locked against reads for longer than the budget",
        "Every query of a table that held rows before the step waits until the migration's transaction ends, and connections "
        "pile up behind it. The time counts from taking the lock: as measured, or where production's size is known "
        "(--at-rows, --profile) and a machine at its best would need longer.",
        "Keep what takes long out of the transaction that holds the lock: change the definition in a revision of its own, "
        "move rows in batches outside of it, let constraints be checked by VALIDATE CONSTRAINT and indexes be built "
        "CONCURRENTLY. Set lock_timeout in any case.",
    ),
    Page(
        "MC602",
        "blocks-writes",
        "A table in use is locked against writes for longer than the budget",
        "Every INSERT, UPDATE and DELETE on the table waits until the migration's transaction ends; plain reads go on. What "
        "counts is what counts for MC601.",
        "Build indexes with CREATE INDEX CONCURRENTLY in an autocommit_block, add foreign keys NOT VALID and validate them "
        "in a later transaction, and keep back-fills out of the transaction that holds the lock.",
    ),
    Page(
        "MC603",
        "table-rewrite",
        "A table in use, or an index of it, is written anew",
        "PostgreSQL copies every row into a new file and builds every index again, under a lock that stops reads and writes. "
        "It takes as long as the table is large, needs its size again on disk, and fills the WAL and replicas with it.",
        "Add a column, back-fill it in batches while the application writes both, then swap them. A constant default and a "
        "longer varchar are free; set a default that is drawn for each row after the column was added. Instead of CLUSTER and "
        "VACUUM FULL use a tool that works online.",
    ),
    Page(
        "MC604",
        "scan-under-lock",
        "A table in use is read from end to end while it is locked",
        "Others wait for as long as it takes to read the whole table: to check a constraint, to build an index, or because "
        "the script reads it in a transaction that has locked it.",
        "CREATE INDEX CONCURRENTLY, in an autocommit_block. ADD CONSTRAINT ... NOT VALID, then VALIDATE CONSTRAINT in a later "
        "transaction, which lets reads and writes pass. Before SET NOT NULL validate CHECK (column IS NOT NULL) that way: "
        "PostgreSQL then does not read the table again, and the CHECK can be dropped.",
    ),
    Page(
        "MC605",
        "ddl-and-backfill",
        "Rows are written while a lock of the same transaction keeps others waiting",
        "A change of the definition that takes milliseconds keeps its lock until the transaction ends, so others wait for the "
        "back-fill too, which takes as long as the table is large.",
        "Split the revision: change the definition in one, move the rows in another (in batches, in an autocommit_block), and "
        "add what depends on the rows in a third.",
    ),
    Page(
        "MC609",
        "unindexed-foreign-key",
        "A new foreign key has no index to support it",
        "For every row that is deleted from the table referred to, or whose key changes, PostgreSQL reads the whole table "
        "that refers to it, and the row stays locked meanwhile.",
        "Create an index (CONCURRENTLY) that begins with the columns of the foreign key, before the key. A partial index "
        "does not help.",
    ),
)
