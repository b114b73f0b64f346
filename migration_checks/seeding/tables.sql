-- All that seeding must know of the tables whose OIDs are given, one JSON document a table. Works on PostgreSQL 14 to 18:
-- what a later major added is read through to_jsonb(), which leaves out what does not exist.
SELECT pg_catalog.json_build_object(
  'oid', c.oid::bigint,
  'name', pg_catalog.format('%I.%I', n.nspname, c.relname),
  'relation', c.relname,
  'partitioned', c.relkind = 'p',
  'columns', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname,
      'quoted', pg_catalog.quote_ident(a.attname),
      'number', a.attnum,
      'type', a.atttypid::bigint,
      'modifier', a.atttypmod,
      'dimensions', a.attndims,
      'formatted', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'not_null', a.attnotnull,
      'generated', a.attgenerated <> '',
      'identity', a.attidentity,
      'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
      'comment', pg_catalog.col_description(c.oid, a.attnum),
      'folds', NOT coalesce(l.collisdeterministic, true),
      'sequence', s.sequence) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
    LEFT JOIN LATERAL (
      SELECT pg_catalog.json_build_object(
        'name', pg_catalog.format('%I.%I', sn.nspname, sc.relname),
        'start', q.seqstart, 'increment', q.seqincrement, 'minimum', q.seqmin, 'maximum', q.seqmax) AS sequence
      FROM (
        SELECT 0 AS rank, e.objid AS oid FROM pg_catalog.pg_depend e
        WHERE e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.refobjid = c.oid AND e.refobjsubid = a.attnum
          AND e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.deptype IN ('a', 'i')
        UNION ALL
        SELECT 1, e.refobjid FROM pg_catalog.pg_depend e
        WHERE e.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND e.objid = d.oid
          AND e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.deptype = 'n') e
      JOIN pg_catalog.pg_class sc ON sc.oid = e.oid AND sc.relkind = 'S'
      JOIN pg_catalog.pg_namespace sn ON sn.oid = sc.relnamespace
      JOIN pg_catalog.pg_sequence q ON q.seqrelid = sc.oid
      ORDER BY e.rank, sc.relname LIMIT 1) s ON true
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'checks', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname, 'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid)) ORDER BY k.conname COLLATE "C")
    FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype = 'c'
      AND coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true)),
  'foreign_keys', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname,
      'columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY u.ord)
                  FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(num, ord)
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
      'parent', (SELECT pg_catalog.format('%I.%I', pn.nspname, p.relname) FROM pg_catalog.pg_class p
                 JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace WHERE p.oid = k.confrelid),
      'parent_columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY u.ord)
                         FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(num, ord)
                         JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num),
      'full', k.confmatchtype = 'f',
      'period', coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::boolean, false),
      'deferrable', k.condeferrable) ORDER BY k.conname COLLATE "C")
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0),
  'uniques', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', x.relname,
      'primary', i.indisprimary,
      'deferrable', NOT i.indimmediate,
      'nulls_equal', coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
      'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
      'elements', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
          'column', a.attname,
          'expression', CASE WHEN a.attname IS NULL THEN pg_catalog.pg_get_indexdef(i.indexrelid, g, false) END,
          'operator', (SELECT o.oprname FROM pg_catalog.pg_operator o WHERE o.oid = k.conexclop[g])) ORDER BY g)
        FROM pg_catalog.generate_series(1, i.indnkeyatts::integer) g
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[g - 1] AND a.attnum <> 0))
      ORDER BY i.indisprimary DESC, x.relname COLLATE "C")
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
    WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion) AND i.indisready),
  'partition_key', CASE WHEN c.relkind = 'p' THEN (
    SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND EXISTS (
      SELECT FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid
      JOIN pg_catalog.pg_attribute b ON b.attrelid = p.partrelid AND b.attnum = ANY (p.partattrs::smallint[])
      WHERE b.attname = a.attname)) END,
  'leaves', CASE WHEN c.relkind = 'p' THEN (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', pg_catalog.format('%I.%I', ln.nspname, l.relname),
      'bound', pg_catalog.pg_get_partition_constraintdef(l.oid)) ORDER BY ln.nspname COLLATE "C", l.relname COLLATE "C")
    FROM pg_catalog.pg_partition_tree(c.oid) t
    JOIN pg_catalog.pg_class l ON l.oid = t.relid AND l.relkind = 'r'
    JOIN pg_catalog.pg_namespace ln ON ln.oid = l.relnamespace
    WHERE t.isleaf) END)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1::oid[])
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
