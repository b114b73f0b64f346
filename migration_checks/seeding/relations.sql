-- Every ordinary and partitioned table that is the user's, one JSON array a table: identity, kind, whether it has storage in
-- use, and its partition root.
SELECT pg_catalog.json_build_array(
       c.oid::bigint,
       pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.quote_ident(c.relname),
       c.relkind::text,
       CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid) > 0 ELSE false END,
       CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid::bigint END
)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1)
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY pg_catalog.format('%I.%I', n.nspname, c.relname) COLLATE "C"
