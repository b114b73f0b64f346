-- Every table of the user that is no partition: its name, estimated rows and pages, whether this role may read it, whether
-- row security hides rows from it, and the relation whose statistics speak for it. Catalogs and statistics only.
SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname),
       coalesce(e.rows, 0)::bigint,
       coalesce(e.pages, 0)::bigint,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT'),
       pg_catalog.row_security_active(c.oid),
       CASE WHEN c.relkind = 'p' AND NOT a.analyzed THEN l.name ELSE c.relname END,
       CASE WHEN c.relkind = 'p' AND NOT a.analyzed THEN l.schema ELSE n.nspname END,
       c.relkind = 'p' AND a.analyzed,
       c.oid::bigint
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT c.relkind = 'p' AND EXISTS (
                 SELECT FROM pg_catalog.pg_stats s
                 WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.inherited) AS analyzed) a
-- A table that was never analyzed has no estimate of its own: the counters of its sessions serve as one.
CROSS JOIN LATERAL (
  SELECT sum(CASE WHEN r.reltuples < 0 THEN pg_catalog.pg_stat_get_live_tuples(r.oid) ELSE r.reltuples END) AS rows,
         sum(r.relpages) AS pages
  FROM (SELECT c.oid, c.reltuples, c.relpages WHERE c.relkind = 'r'
        UNION ALL
        SELECT p.oid, p.reltuples, p.relpages
        FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class p ON p.oid = t.relid
        WHERE c.relkind = 'p' AND t.isleaf) r) e
LEFT JOIN LATERAL (
  SELECT r.relname AS name, rn.nspname AS schema
  FROM pg_catalog.pg_partition_tree(c.oid) t
  JOIN pg_catalog.pg_class r ON r.oid = t.relid AND t.isleaf
  JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
  WHERE c.relkind = 'p'
  ORDER BY r.reltuples DESC, r.relname LIMIT 1) l ON true
WHERE c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', %(own)s)
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY pg_catalog.format('%%I.%%I', n.nspname, c.relname) COLLATE "C"
