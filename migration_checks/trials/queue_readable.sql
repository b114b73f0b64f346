-- Every relation of the user that others can read, and whether they can write to it; partitions are read through their root.
SELECT c.oid::bigint, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind IN ('r', 'p'), c.relispartition
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm')
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relispartition, pg_catalog.format('%I.%I', n.nspname, c.relname) COLLATE "C"
