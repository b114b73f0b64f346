"""No connection that a migration opens reaches anything but the database under walk."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from migration_checks.connection import connect
from migration_checks.environment import Environment
from tests.projects import ASYNC, Script, make_project, sql

SCRIPTS = (Script("a1", upgrade=sql("CREATE TABLE first (id int PRIMARY KEY)")),)


def chain(upgrades: Iterable[str]) -> list[Script]:
    """One revision an upgrade: r0, r1, ..."""
    return [Script(f"r{n}", down=f"r{n - 1}" if n else None, upgrade=text) for n, text in enumerate(upgrades)]


@dataclass
class Trap:
    """A listening socket that stands for production."""

    listener: socket.socket

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def touched(self) -> bool:
        """True once anybody has connected; a connection waits in the listener's queue until it is accepted."""
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def production() -> Iterator[Trap]:
    """A port of this machine that must never be contacted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Trap(listener)


def test_the_trap_works(production: Trap) -> None:
    """The socket that stands for production notices a visitor (else the tests below could not fail)."""
    assert not production.touched
    with socket.create_connection(("127.0.0.1", production.port)):
        assert production.touched


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_engine_never_reaches_production(driver: str, tmp_path: Path, database: str, production: Trap) -> None:
    """An engine that env.py makes for a production host is redirected before it connects."""
    url = f"postgresql+{driver}://app:s3cret@127.0.0.1:{production.port}/app"
    project = make_project(tmp_path, SCRIPTS, url=url)
    with Environment(project.lineage(), timeout=60) as environment:
        environment.attach(database)

        assert environment.upgrade("a1").heads == {"a1"}
    assert not production.touched


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_asynchronous_engine_never_reaches_production(driver: str, tmp_path: Path, database: str, production: Trap) -> None:
    """So is an asynchronous one."""
    project = make_project(
        tmp_path, SCRIPTS, env=ASYNC, url=f"postgresql+{driver}://app:s3cret@127.0.0.1:{production.port}/app"
    )
    with Environment(project.lineage(), timeout=60) as environment:
        environment.attach(database)

        assert environment.upgrade("a1").heads == {"a1"}
    assert not production.touched


RAW = {
    "psycopg keywords": "import psycopg\npsycopg.connect(host='127.0.0.1', port={port}, dbname='app', password='s3cret')",
    "psycopg URL": "import psycopg\npsycopg.Connection.connect('postgresql://app:s3cret@127.0.0.1:{port}/app')",
    "psycopg asyncio": "import asyncio, psycopg\nasyncio.run(psycopg.AsyncConnection.connect('host=127.0.0.1 port={port}'))",
    "psycopg service": "import psycopg\npsycopg.connect(service='production')",
    "psycopg database": "import psycopg\npsycopg.connect(dbname='production')",
    "psycopg2": "import psycopg2\npsycopg2.connect('host=127.0.0.1 port={port} dbname=app password=s3cret')",
    "psycopg2 pool": "import psycopg2.pool\npsycopg2.pool.SimpleConnectionPool(1, 1, host='127.0.0.1', port={port})",
    "asyncpg": "import asyncio, asyncpg\nasyncio.run(asyncpg.connect('postgresql://app:s3cret@127.0.0.1:{port}/app'))",
    "asyncpg pool": "import asyncio, asyncpg\nasync def go(): await asyncpg.create_pool(host='127.0.0.1', port={port})\n"
    "asyncio.run(go())",
    "a socket": "import socket\nsocket.create_connection(('127.0.0.1', {port}))",
    "a name": "import socket\nsocket.create_connection(('production.invalid', {port}))",
    "a Unix socket": "import socket\nsocket.socket(socket.AF_UNIX).connect('/var/run/postgresql/.s.PGSQL.5432')",
    "psql": "import subprocess\nsubprocess.run(['psql', '-h', '127.0.0.1', '-p', '{port}', 'app'])",
    "a URL for a program": "import subprocess\nsubprocess.run(['true', 'postgresql://app:s3cret@127.0.0.1:{port}/app'])",
    "a shell": "import os\nos.system('psql postgresql://app:s3cret@127.0.0.1:{port}/app')",
    "sqlite": "sa.create_engine('sqlite://').connect()",
}


def test_raw_connections_are_refused_by_name(tmp_path: Path, database: str, production: Trap) -> None:
    """Whatever a script opens past SQLAlchemy to somewhere else is refused; the message names it, without the password."""
    scripts = chain(text.format(port=production.port) for text in RAW.values())
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=60) as environment:
        environment.attach(database)
        for n, name in enumerate(RAW):
            outcome = environment.upgrade(f"r{n}")
            environment.stamp([f"r{n}"])

            assert outcome.failure is not None, name
            assert outcome.failure.kind == ("ForeignDialect" if name == "sqlite" else "ForeignConnection"), (
                name,
                outcome.failure,
            )
            assert outcome.failure.path is not None, name
            assert outcome.refused, name
            assert "s3cret" not in repr(outcome), name
            assert any(word in outcome.refused[0] for word in (str(production.port), "production", "/var/run", "sqlite")), name
    assert not production.touched


def test_a_refusal_that_is_swallowed_is_still_named(tmp_path: Path, database: str) -> None:
    """A script that catches the exception does not keep the refusal out of the outcome."""
    upgrade = "import psycopg\ntry:\n    psycopg.connect(host='production.invalid')\nexcept Exception:\n    pass"
    with Environment(make_project(tmp_path, [Script("a1", upgrade=upgrade)]).lineage(), timeout=60) as environment:
        environment.attach(database)
        outcome = environment.upgrade("a1")

        assert outcome.failure is None
        assert len(outcome.refused) == 1
        assert "production.invalid" in outcome.refused[0]


def test_programs_that_a_script_starts_are_guarded(tmp_path: Path, database: str, production: Trap) -> None:
    """A Python program that a script starts, or a process that multiprocessing spawns, is redirected and refused alike."""
    (tmp_path / "helper.py").write_text(
        "import os, sqlalchemy as sa, psycopg\n"
        "def main():\n"
        f"    engine = sa.create_engine('postgresql+psycopg://u:p@127.0.0.1:{production.port}/app')\n"
        "    with engine.begin() as c: c.exec_driver_sql(f'CREATE TABLE made_{os.getpid()} ()')\n"
        "    try:\n"
        f"        psycopg.connect(host='127.0.0.1', port={production.port})\n"
        "    except RuntimeError: return\n"
        "    raise SystemExit('it was not refused')\n"
        "if __name__ == '__main__': main()\n"
    )
    scripts = chain(
        [
            f"import subprocess, sys\nsubprocess.run([sys.executable, {str(tmp_path / 'helper.py')!r}], check=True)",
            "import multiprocessing, helper\nprocess = multiprocessing.get_context('spawn').Process(target=helper.main)\n"
            "process.start()\nprocess.join()\nassert process.exitcode == 0",
        ]
    )
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=60) as environment, connect(database) as look:
        environment.attach(database)

        assert [environment.upgrade(each).failure for each in ("r0", "r1")] == [None, None]
        assert look.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'made_%'").fetchone() == (2,)
    assert not production.touched


OWN = {
    "psycopg": "import psycopg\nwith psycopg.connect(user='someone') as c: c.execute('CREATE TABLE own_0 ()')",
    "psycopg2": "import psycopg2\nwith psycopg2.connect('') as c: c.cursor().execute('CREATE TABLE own_1 ()')",
    "asyncpg": "import asyncio, asyncpg\nasync def go():\n    c = await asyncpg.connect()\n"
    "    await c.execute('CREATE TABLE own_2 ()')\n    await c.close()\nasyncio.run(go())",
    "psycopg, our URL": "import psycopg\nurl = context.config.get_main_option('sqlalchemy.url').replace('+psycopg', '')\n"
    "with psycopg.connect(url) as c: c.execute('CREATE TABLE own_3 ()')",
    "changed variables": "import os, psycopg\nos.environ.update(PGHOST='production.invalid', PGSERVICE='production')\n"
    "with psycopg.connect() as c: c.execute('CREATE TABLE own_4 ()')",
    "a program": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import psycopg\\n"
    'with psycopg.connect() as c: c.execute("CREATE TABLE own_5 ()")\'], check=True)',
}


def test_raw_connections_that_name_nothing_come_to_our_database(tmp_path: Path, database: str) -> None:
    """A driver, or a program, that relies on libpq's defaults finds the database under walk."""
    scripts = chain(OWN.values())
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=60) as environment, connect(database) as look:
        environment.attach(database)
        for n, name in enumerate(OWN):
            assert environment.upgrade(f"r{n}").failure is None, name
            assert look.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.own_{n}"]).fetchone() == (True,), name
