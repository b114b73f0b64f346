-- The statistics of one table's columns. Values leave the server only where one of them may be kept (a label, a boolean, few
-- distinct texts or whole numbers) or where a shape is made of them (numbers and moments): never those of a key.
SELECT a.attname,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       b.typname::text,
       b.typtype::text,
       coalesce(pg_catalog.col_description(a.attrelid, a.attnum), '') || ' ' || pg_catalog.format_type(a.atttypid, NULL),
       s.null_frac,
       s.n_distinct,
       s.avg_width,
       s.most_common_freqs,
       CASE WHEN NOT k.key
             AND (b.typtype = 'e' OR b.typname = 'bool' OR m.measured
                  OR (b.typname IN ('text', 'varchar', 'bpchar', 'citext')  AND CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * %(rows)s ELSE s.n_distinct END <= 50))
            THEN s.most_common_vals::text::text[] END,
       CASE WHEN m.measured AND NOT k.key THEN s.histogram_bounds::text::text[] END,
       k.key,
       a.attnotnull,
       s.null_frac IS NOT NULL
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
-- The type under domains, however many lie over it.
JOIN LATERAL (
  WITH RECURSIVE down AS (
    SELECT t.oid, t.typname, t.typtype, t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
    UNION ALL
    SELECT t.oid, t.typname, t.typtype, t.typbasetype FROM down d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype
    WHERE d.typtype = 'd')
  SELECT d.typname, d.typtype FROM down d WHERE d.typtype <> 'd') b ON true
CROSS JOIN LATERAL (
  SELECT b.typname IN ('int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'date', 'timestamp', 'timestamptz')
           AND b.typtype = 'b' AS measured) m
CROSS JOIN (
  SELECT ARRAY(SELECT pg_catalog.unnest(k.conkey) FROM pg_catalog.pg_constraint k
               WHERE k.conrelid = %(oid)s::oid AND k.contype IN ('p', 'u', 'f'))
      || ARRAY(SELECT i.indkey[0] FROM pg_catalog.pg_index i
               WHERE i.indrelid = %(oid)s::oid AND i.indisunique AND i.indnkeyatts = 1) AS numbers
  OFFSET 0) ks
CROSS JOIN LATERAL (SELECT a.attnum = ANY (ks.numbers) AS key) k
LEFT JOIN pg_catalog.pg_stats s
       ON s.schemaname = %(schema)s AND s.tablename = %(table)s AND s.attname = a.attname AND s.inherited = %(inherited)s
WHERE a.attrelid = %(oid)s::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
