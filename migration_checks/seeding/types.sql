-- The types whose OIDs are given and every type that they are made of, one JSON array a type,
-- with labels, attributes, bases and domain checks.
WITH RECURSIVE wanted(oid) AS (
  SELECT pg_catalog.unnest($1::oid[])
  UNION
  SELECT part.oid
  FROM wanted w
  JOIN pg_catalog.pg_type t ON t.oid = w.oid
  CROSS JOIN LATERAL (
    SELECT t.typelem AS oid WHERE t.typcategory = 'A'
    UNION ALL SELECT t.typbasetype
    UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) part
  WHERE part.oid <> 0
)
SELECT pg_catalog.json_build_array(
       t.oid::bigint, n.nspname, t.typname, pg_catalog.format('%I.%I', n.nspname, t.typname),
       CASE WHEN t.typcategory = 'A' AND t.typtype = 'b' THEN 'a' ELSE t.typtype::text END,
       coalesce(nullif(CASE WHEN t.typcategory = 'A' AND t.typtype = 'b' THEN t.typelem ELSE t.typbasetype END, 0),
                (SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)))::bigint,
       t.typtypmod, t.typnotnull,
       (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, a.atttypid::bigint, a.atttypmod) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT pg_catalog.array_agg(pg_catalog.pg_get_expr(k.conbin, 0) ORDER BY k.conname COLLATE "C")
        FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
       t.typdelim::text
)
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid IN (SELECT w.oid FROM wanted w)
