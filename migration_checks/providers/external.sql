-- One row about a server: is it a standby, may the role create databases, who is it, how many replicas follow, does it
-- wait for its disk, and which databases are there with how many sessions besides the toolkit's own.
SELECT pg_is_in_recovery(),
       r.rolcreatedb OR r.rolsuper,
       r.rolname::text,
       (SELECT count(*) FROM pg_stat_replication)::int,
       current_setting('fsync')::bool,
       (SELECT coalesce(json_object_agg(d.datname, (
                   SELECT count(*)
                   FROM pg_stat_activity a
                   WHERE a.datid = d.oid AND a.pid <> pg_backend_pid() AND a.backend_type IS NOT DISTINCT FROM 'client backend'
                     AND a.application_name IS DISTINCT FROM 'migration-checks')), '{}')
        FROM pg_database d
        WHERE NOT d.datistemplate AND d.datallowconn)
FROM pg_roles r
WHERE r.rolname = current_user
