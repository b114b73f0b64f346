-- What a session can say of itself: the locks it holds, what its statements did to tables, the files of relations, the WAL.
--
-- Installed in the toolkit's own schema of a copy, which nobody else uses. look(idle) is asked on the session of a script at
-- the end of each statement. Where idle, no lock is left, so every relation is described, else those that it holds a lock on.
-- The answer is JSON: i idle, x transaction, w bytes of WAL on this server, l [relation, mode] held, r [relation, kind, name, file,
-- table of an index], c [relation, scans, rows scanned, inserted, updated, deleted] since the session began or its counters
-- were flushed, s what event triggers kept, one JSON document a line. The path is fixed, so no object of a script is meant by
-- a name; lines that end in "since N" need PostgreSQL N.

CREATE SCHEMA IF NOT EXISTS migration_checks_own;
GRANT USAGE ON SCHEMA migration_checks_own TO PUBLIC;

CREATE FUNCTION migration_checks_own.held() RETURNS TABLE (relation oid, mode text) LANGUAGE sql STABLE
    SET search_path = pg_catalog
AS $$
    SELECT l.relation, l.mode
    FROM pg_locks l
    WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
      AND l.mode <> 'SIReadLock' -- no lock: a note of what a serializable transaction read
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
$$;

CREATE FUNCTION migration_checks_own.described(everything boolean, chosen oid[])
    RETURNS TABLE (relation oid, kind "char", name text, file oid, owner oid) LANGUAGE sql STABLE
    SET search_path = pg_catalog
AS $$
    SELECT c.oid, c.relkind,
        CASE WHEN n.nspname LIKE 'pg\_temp\_%' THEN 'pg_temp' ELSE quote_ident(n.nspname) END || '.' || quote_ident(c.relname),
        c.relfilenode, i.indrelid
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE (everything OR c.oid = ANY (chosen)) AND c.oid >= 16384
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'migration_checks_own')
      AND c.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I', 'S')
$$;

CREATE FUNCTION migration_checks_own.look(idle boolean) RETURNS text LANGUAGE plpgsql
    SET search_path = pg_catalog
    SET stats_fetch_consistency = none -- since 15
AS $$
DECLARE
    seen text := coalesce(current_setting('migration_checks.seen', true), '');
    answer text;
BEGIN
    IF seen <> '' THEN
        PERFORM set_config('migration_checks.seen', '', false);
    END IF;
    WITH held AS MATERIALIZED (SELECT * FROM migration_checks_own.held()),
    described AS MATERIALIZED (
        SELECT * FROM migration_checks_own.described(idle, ARRAY(SELECT h.relation FROM held h))
    ),
    counted AS (
        SELECT d.relation,
            pg_stat_get_xact_numscans(d.relation)
                + pg_stat_get_numscans(d.relation) -- since 15
                AS scans,
            pg_stat_get_xact_tuples_returned(d.relation)
                + pg_stat_get_tuples_returned(d.relation) -- since 15
                AS scanned,
            pg_stat_get_xact_tuples_inserted(d.relation)
                + pg_stat_get_tuples_inserted(d.relation) -- since 15
                AS inserted,
            pg_stat_get_xact_tuples_updated(d.relation)
                + pg_stat_get_tuples_updated(d.relation) -- since 15
                AS updated,
            pg_stat_get_xact_tuples_deleted(d.relation)
                + pg_stat_get_tuples_deleted(d.relation) -- since 15
                AS deleted
        FROM described d
        WHERE d.kind IN ('r', 'm')
    )
    SELECT json_build_object(
        'i', idle,
        'x', (SELECT l.virtualtransaction FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.locktype = 'virtualxid' LIMIT 1),
        'w', pg_current_wal_insert_lsn() - '0/0'::pg_lsn,
        'l', (SELECT json_agg(json_build_array(h.relation::int8, h.mode)) FROM held h),
        'r', (SELECT json_agg(json_build_array(d.relation::int8, d.kind, d.name, d.file::int8, d.owner::int8)) FROM described d),
        'c', (
            SELECT json_agg(json_build_array(c.relation::int8, c.scans, c.scanned, c.inserted, c.updated, c.deleted))
            FROM counted c
            WHERE c.scans > 0 OR c.inserted > 0 OR c.updated > 0 OR c.deleted > 0
        ),
        's', nullif(seen, '')
    )::text
    INTO answer;
    IF idle THEN
        PERFORM pg_stat_force_next_flush(); -- since 15
    END IF;
    RETURN answer;
END
$$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migration_checks_own TO PUBLIC;
