"""A miStudio database that a test may move up and down its chain by plain Alembic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from migration_checks.lineage import Lineage

BASELINE, CREATED, MIGRATED, HEAD = "de2e3ad17dc1", "04b58ed9486a", "2e1feb9cc451", "7282abcac53a"
LEGACY = "tokenized_path, vocab_size, num_tokens, avg_seq_length"


@dataclass(frozen=True)
class Installation:
    """A miStudio database and the chain that it lives by."""

    lineage: Lineage
    engine: sa.Engine

    @property
    def config(self) -> Config:
        config = Config(str(self.lineage.config))
        url = self.engine.url.render_as_string(hide_password=False)
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
        return config

    def upgrade(self, revision: str = HEAD) -> None:
        command.upgrade(self.config, revision)

    def downgrade(self, revision: str) -> None:
        command.downgrade(self.config, revision)

    def run(self, statement: str, /, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    def driver(self, statement: str) -> None:
        """Run a statement whose text may hold what SQLAlchemy takes for a parameter."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def rows(self, query: str, /, **values: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values)]

    def value(self, query: str, /, **values: Any) -> Any:
        ((value,),) = self.rows(query, **values)
        return value

    def table(self, name: str) -> dict[str, dict[str, str | None]]:
        """Rows by id, each value as PostgreSQL prints it: `=` would hide the sign of zero, and NaN is not equal to itself."""
        query = f"SELECT t.id::text, c.key, c.value FROM {name} t, jsonb_each_text(to_jsonb(t)) c"
        found: dict[str, dict[str, str | None]] = {row_id: {} for (row_id,) in self.rows(f"SELECT id::text FROM {name}")}
        for row_id, column, value in self.rows(query):
            found[row_id][column] = value
        return found

    def datasets(self) -> dict[str, dict[str, str | None]]:
        """All of datasets; a JSON number has no sign of zero, so avg_seq_length is read as text where it exists."""
        found = self.table("datasets")
        if not all("avg_seq_length" in row for row in found.values()):
            return found
        for row_id, value in self.rows("SELECT id::text, avg_seq_length::text FROM datasets"):
            found[row_id]["avg_seq_length"] = value
        return found

    def reverse_models(self) -> None:
        """Turn round the order in which the rows of models lie on disk, and change nothing else."""
        self.run("""
            DO $$
            DECLARE model varchar;
            BEGIN
                FOR model IN SELECT id FROM models ORDER BY ctid DESC LOOP
                    UPDATE models SET id = id WHERE id = model;
                END LOOP;
            END $$
        """)


def statements_of(action: Callable[[], None]) -> list[str]:
    """The statements that SQLAlchemy sends while `action` runs."""
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        action()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)
    return heard
