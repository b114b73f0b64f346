"""A session that one step hands to the next is as good as a new one; where it would not be, it is closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from migration_checks.beginning import BEGINNING, Beginning
from migration_checks.connection import connect
from migration_checks.environment import Environment
from migration_checks.lane import Lane
from migration_checks.providers import Server
from migration_checks.worker.keeping import TELLING
from tests.projects import ASYNC, NOWHERE, SYNC, Script, make_project, sql


@pytest.fixture(autouse=True)
def telling(server: Server) -> None:
    """Sessions are handed on where they tell what a script has left in them."""
    if server.version < TELLING:
        pytest.skip("sessions tell of their settings since PostgreSQL 16")


FIRST = Script("a0", upgrade=sql("CREATE TABLE seen (facts text)"))

FACTS = """
    SELECT concat_ws('|',
        current_setting('statement_timeout'), coalesce(current_setting('my.setting', true), 'none'),
        coalesce(current_setting('other.setting', true), 'none'), current_user, session_user, current_setting('search_path'),
        current_setting('work_mem'), current_setting('default_transaction_isolation'), current_setting('TimeZone'),
        (SELECT count(*) FROM pg_settings WHERE name LIKE '%.%'), pg_my_temp_schema() = 0,
        (SELECT count(*) FROM pg_listening_channels()),
        (SELECT count(*) FROM pg_prepared_statements WHERE from_sql), (SELECT count(*) FROM pg_cursors WHERE is_holdable),
        (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'))
"""
"""What a script can see of its session."""

LEFT_BEHIND = {
    "settings": "SET statement_timeout = '1h'; SET search_path = public, pg_catalog; SET TimeZone = 'Asia/Tokyo'",
    "an invented setting": "SET my.setting = 'x'",
    "an invented setting, quoted": "SET SESSION \"my\".setting TO 'x'",
    "an invented setting by a function": "SELECT set_config('my.setting', 'x', true)",
    "an invented setting that nobody reads": "DO $$BEGIN EXECUTE 'SE' || 'T my.setting = 1'; END$$",
    "an invented setting behind a comment": "SET /* not */ my.setting = 'x'",
    "a library": "LOAD 'auto_explain'",
    "a characteristic": "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "a temporary table": "CREATE TEMP TABLE left_over (id int); INSERT INTO left_over VALUES (1)",
    "a listener": "LISTEN news",
    "a lock": "SELECT pg_advisory_lock(7)",
    "a prepared statement": "PREPARE again AS SELECT 1",
    "a cursor": "DECLARE open_cursor CURSOR WITH HOLD FOR SELECT 1",
    "a function that invents one": "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS "
    "$$SELECT set_config('my.setting', 'x', false)$$; SELECT f()",
    "a function with a setting": "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET other.setting = 'x' AS 'SELECT 1'; "
    "SELECT f()",
}
"""What a script may leave in its session, as SQL."""

FOUND = {
    "a setting of the database": "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''77MB''',"
    " current_database()); END$$",
    "a setting of the role": "DO $$BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET work_mem = ''78MB''',"
    " current_database()); END$$",
}
"""What a new session finds at its start, as SQL."""


def handed_on(environment: Environment, database: str, steps: Sequence[Script]) -> list[int | None]:
    """Upgrade `steps` with a look at the database after each, as a walk does; the sessions that were handed on."""
    beginning, handed = Beginning(), []
    with connect(database) as look:
        environment.attach(database)
        for step in steps:
            ((found,),) = Lane.of(look).parsed((BEGINNING, ()))
            environment.same_beginning = beginning.same(found)
            assert environment.upgrade(step.id).failure is None
            handed.append(environment.session)
    return handed


NOTE = sql(f"INSERT INTO seen {FACTS}")
PLAIN = "nothing but a table"
STATEMENTS = {PLAIN: "CREATE TABLE t ()", **LEFT_BEHIND, **FOUND}


def branch(name: str) -> list[Script]:
    """The steps upon a1 of a statement: one that runs it, and one that notes what it sees."""
    number = [*STATEMENTS].index(name)
    ran = Script(f"ran{number}", down="a1", upgrade=sql(STATEMENTS[name]))
    return [ran, Script(f"noted{number}", down=ran.id, upgrade=NOTE)]


BELOW = [FIRST, Script("a1", down="a0", upgrade=NOTE)]


@pytest.fixture(scope="module", params=["psycopg", "psycopg2"])
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A project with a branch for each statement, on a driver; attached to nothing."""
    scripts = [*BELOW, *(script for name in STATEMENTS for script in branch(name))]
    project = make_project(tmp_path_factory.mktemp("sessions"), scripts, url=NOWHERE.replace("psycopg", request.param))
    with Environment(project.lineage(), timeout=60) as entered:
        yield entered


def seen(environment: Environment, database: str, name: str) -> tuple[list[str], list[int | None]]:
    """What two steps saw of their sessions after one that ran a statement: when the session is handed on, and when it is not.

    The process ids are of the sessions that were handed on.
    """
    steps = [*BELOW, *branch(name)]
    try:
        handed = handed_on(environment, database, steps)
        environment.detach()
        environment.attach(database)  # a new run of env.py, in a session of its own
        environment.downgrade(steps[-1].id)
        environment.detach()
        environment.attach(database)
        environment.upgrade(steps[-1].id)
    finally:
        environment.detach()
    with connect(database) as look:
        return [facts for (facts,) in look.execute("SELECT facts FROM public.seen ORDER BY ctid")], handed


@pytest.mark.parametrize("name", [*LEFT_BEHIND, *FOUND])
def test_a_step_sees_what_it_would_see_in_a_session_of_its_own(environment: Environment, database: str, name: str) -> None:
    """Whatever the step before did to its own session, and to what new sessions find."""
    (_, after, alone), handed = seen(environment, database, name)

    assert alone == after
    assert handed[1] is not None


def test_plain_steps_share_a_session(environment: Environment, database: str) -> None:
    """It is gone when the database is let go of."""
    _, (first, *others) = seen(environment, database, PLAIN)

    assert first is not None
    assert {first} == set(others)
    with connect(database) as look:
        row = look.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [first]).fetchone()
        assert row == (0,)


def test_without_a_look_every_step_has_a_session_of_its_own(tmp_path: Path, database: str) -> None:
    """Nobody can say then what a new one would find."""
    steps = [FIRST, Script("a1", down="a0"), Script("a2", down="a1")]
    with Environment(make_project(tmp_path, steps).lineage(), timeout=60) as environment:
        environment.attach(database)
        sessions = [(environment.upgrade(step.id).failure, environment.session)[1] for step in steps]

    assert len(set(sessions)) == 3


def test_a_trigger_at_login_has_its_say_before_every_step(tmp_path: Path, database: str, server: Server) -> None:
    """PostgreSQL 17 runs it for each new session, so each step gets one: it greets the looks, and every step after it."""
    if server.version < 170000:
        pytest.skip("event triggers at login came with PostgreSQL 17")
    trigger = (
        "CREATE FUNCTION greet() RETURNS event_trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO public.seen VALUES ('hello'); END$$; "
        "CREATE EVENT TRIGGER greeting ON login EXECUTE FUNCTION greet()"
    )
    greeted = "assert op.get_bind().execute(sa.text('SELECT count(*) FROM seen')).scalar() > {}"
    steps = [
        FIRST,
        Script("a1", down="a0", upgrade=sql(trigger)),
        Script("a2", down="a1", upgrade=greeted.format(0)),
        Script("a3", down="a2", upgrade=greeted.format(1)),
    ]
    with Environment(make_project(tmp_path, steps).lineage(), timeout=60) as environment:
        assert handed_on(environment, database, steps)


def listening(statement: str, target: str = "connectable") -> str:
    """An env.py that runs a statement in every session that is opened."""
    return SYNC.replace(
        "with connectable",
        "from sqlalchemy import Engine, event\n"
        f"        listen = lambda dbapi_connection, **rest: (dbapi_connection.cursor().execute({statement!r}),"
        " dbapi_connection.commit())\n"
        f"        event.listen({target}, 'connect', listen, named=True)\n"
        "        with connectable",
    )


STRICT = SYNC.replace("pool.NullPool)", "pool.NullPool, isolation_level='SERIALIZABLE')")
ELSEWHERE = {
    "another driver": (ASYNC, NOWHERE.replace("psycopg", "asyncpg")),
    "an asynchronous engine": (ASYNC, NOWHERE),
    "env.py listens": (listening("LISTEN news"), NOWHERE),
    "env.py names a tenant": (listening("SET app.tenant = '7'"), NOWHERE),
    "env.py names a tenant to every engine": (listening("SET app.tenant = '7'", "Engine"), NOWHERE),
    "env.py chooses an isolation level": (STRICT, NOWHERE),
}


@pytest.mark.parametrize(("env", "url"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_where_a_session_is_not_handed_on(tmp_path: Path, database: str, env: str, url: str) -> None:
    """Every step opens its own, as it would in a run of its own, and the walk is the same."""
    steps = [FIRST, Script("a1", down="a0", upgrade=sql("CREATE TABLE t ()")), Script("a2", down="a1")]
    with Environment(make_project(tmp_path, steps, env=env, url=url).lineage(), timeout=60) as environment:
        assert [None] * 3 == handed_on(environment, database, steps)


HELD = "held = op.get_bind().connection.driver_connection; "
IN_ITS_OWN_WAY = {
    "autocommit": ("psycopg", HELD + "held.commit(); held.autocommit = True"),
    "what rows are made of": ("psycopg", HELD + "from psycopg.rows import dict_row; held.row_factory = dict_row"),
    "how numbers are read": (
        "psycopg",
        HELD + "from psycopg.types.string import TextLoader; held.adapters.register_loader('int4', TextLoader)",
    ),
    "how numbers are written": (
        "psycopg",
        HELD + "from psycopg.types.string import StrDumper; held.adapters.register_dumper(int, StrDumper)",
    ),
    "a note": ("psycopg", "op.get_bind().info['note'] = 1"),
    "a setting past SQLAlchemy": ("psycopg", HELD + "held.cursor().execute('SET my.setting = 1')"),
    "what rows are made of, psycopg2": (
        "psycopg2",
        HELD + "from psycopg2.extras import RealDictCursor; held.cursor_factory = RealDictCursor",
    ),
    "the encoding": ("psycopg2", HELD + "held.set_client_encoding('LATIN1')"),
    "how numbers are read, psycopg2": (
        "psycopg2",
        HELD + "from psycopg2 import extensions as e; e.register_type(e.new_type((23,), 'T', lambda v, c: v), held)",
    ),
}


@pytest.mark.parametrize(("driver", "script"), IN_ITS_OWN_WAY.values(), ids=IN_ITS_OWN_WAY)
def test_a_session_that_a_script_has_set_in_its_own_way(tmp_path: Path, database: str, driver: str, script: str) -> None:
    """That stays with the driver's own connection; so the next step gets another one."""
    steps = [FIRST, Script("a1", down="a0", upgrade=script), Script("a2", down="a1"), Script("a3", down="a2")]
    project = make_project(tmp_path, steps, url=NOWHERE.replace("psycopg", driver))
    with Environment(project.lineage(), timeout=60) as environment:
        handed = handed_on(environment, database, steps)

    assert [True, False, True, True] == [each is not None for each in handed]


def test_notices_do_not_stay_with_the_session(tmp_path: Path, database: str) -> None:
    """psycopg2 gathers them."""
    noticed = "assert not op.get_bind().connection.driver_connection.notices; "
    again = noticed + "op.execute('CREATE TABLE IF NOT EXISTS seen ()')"
    steps = [FIRST, Script("a1", down="a0", upgrade=again), Script("a2", down="a1", upgrade=again)]
    project = make_project(tmp_path, steps, url=NOWHERE.replace("psycopg", "psycopg2"))
    with Environment(project.lineage(), timeout=60) as environment:
        assert None not in handed_on(environment, database, steps)


@pytest.mark.parametrize("threshold", ["5", "0", "None"])
def test_what_the_driver_prepares_by_itself_is_forgotten(threshold: str, tmp_path: Path, database: str) -> None:
    """psycopg prepares what is sent often, at once with 0, never with None: a session is handed on without any of it."""
    note = "op.execute(\"INSERT INTO seen SELECT 'prepared: ' || count(*) FROM pg_prepared_statements\")\n"
    often = "for number in range(12): op.get_bind().execute(sa.text('SELECT count(*) + :n FROM seen'), {'n': number})"
    steps = [FIRST, *(Script(f"a{n}", down=f"a{n - 1}", upgrade=note + often) for n in range(1, 9))]
    told = {"poolclass": "pool.NullPool", "connect_args": f"{{'prepare_threshold': {threshold}}}"}
    env = SYNC.replace("poolclass=pool.NullPool", ", ".join(f"{name}={value}" for name, value in told.items()))
    with Environment(make_project(tmp_path, steps, env=env).lineage(), timeout=60) as environment:
        handed = handed_on(environment, database, steps)
    with connect(database) as look:
        facts = {facts for (facts,) in look.execute("SELECT facts FROM public.seen WHERE facts LIKE 'prepared%'")}

    assert len(set(handed)) == 1
    assert None not in handed
    assert facts == ({"prepared: 1"} if threshold == "0" else {"prepared: 0"})  # which asks for it is one itself
