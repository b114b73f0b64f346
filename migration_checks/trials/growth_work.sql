-- What was read from every table of the user and written to it so far, by the table that users know (a partition's root).
SELECT t.relid::bigint,
       pg_catalog.format('%%I.%%I', n.nspname, r.relname),
       pg_catalog.pg_stat_get_tuples_returned(t.relid)
         + coalesce((SELECT sum(pg_catalog.pg_stat_get_tuples_returned(i.indexrelid)) FROM pg_catalog.pg_index i
                     WHERE i.indrelid = t.relid), 0)
         + pg_catalog.pg_stat_get_tuples_inserted(t.relid)
         + pg_catalog.pg_stat_get_tuples_updated(t.relid)
         + pg_catalog.pg_stat_get_tuples_deleted(t.relid),
       pg_catalog.pg_stat_get_numscans(t.relid)
         + coalesce((SELECT sum(pg_catalog.pg_stat_get_numscans(i.indexrelid)) FROM pg_catalog.pg_index i
                     WHERE i.indrelid = t.relid), 0)
FROM (SELECT c.oid AS relid, c.relnamespace,
             CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid ELSE c.oid END AS root
      FROM pg_catalog.pg_class c
      WHERE c.relkind IN ('r', 'm')) t
JOIN pg_catalog.pg_class r ON r.oid = t.root
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', %(own)s) AND n.nspname !~ '^pg_(toast|temp)'
