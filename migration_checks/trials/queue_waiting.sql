-- The sessions of the step that wait for somebody: for whom, for which relation (of an index: its table) in which mode, and the
-- locks on relations that they hold already.
SELECT a.pid,
       pg_catalog.pg_blocking_pids(a.pid),
       pg_catalog.left(a.query, 1000),
       coalesce(i.indrelid, w.relation)::bigint,
       w.mode,
       ARRAY(SELECT DISTINCT ROW(coalesce(x.indrelid, h.relation)::bigint, h.mode)::text
             FROM pg_catalog.pg_locks h
             LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = h.relation
             WHERE h.pid = a.pid AND h.locktype = 'relation' AND h.granted)
FROM pg_catalog.pg_stat_activity a
JOIN pg_catalog.pg_locks w ON w.pid = a.pid AND NOT w.granted
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = w.relation
WHERE a.application_name = %s AND a.datname = pg_catalog.current_database()
