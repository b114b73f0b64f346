-- Columns, keys and references of the tables whose oids are given.
--
-- built_in is the name in pg_catalog of the column's type below any domains, NULL where the type is user-defined; base is
-- how that type is written. drawn tells a default that calls what is not immutable: nextval, now(), gen_random_uuid.
WITH RECURSIVE given AS (
    SELECT unnest(%s::oid[]) AS oid
),
unwrapped AS (
    SELECT a.attrelid, a.attnum, a.atttypid AS type, a.atttypmod AS modifier
    FROM pg_attribute a
    JOIN given g ON g.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT u.attrelid, u.attnum, y.typbasetype, y.typtypmod
    FROM unwrapped u
    -- OFFSET 0 keeps it a look-up by oid: the planner would scan all types for domains.
    CROSS JOIN LATERAL (SELECT * FROM pg_type t WHERE t.oid = u.type OFFSET 0) AS y
    WHERE y.typtype = 'd'
),
base AS (
    SELECT u.attrelid, u.attnum, format_type(u.type, u.modifier) AS written,
           CASE WHEN y.typnamespace = 'pg_catalog'::regnamespace THEN y.typname::text END AS built_in
    FROM unwrapped u
    JOIN pg_type y ON y.oid = u.type AND y.typtype <> 'd'
),
drawn AS (
    SELECT DISTINCT d.adrelid, d.adnum
    FROM pg_attrdef d
    JOIN given g ON g.oid = d.adrelid
    CROSS JOIN LATERAL regexp_matches(d.adbin::text, ':funcid (\d+)|({SQLVALUEFUNCTION|{NEXTVALUEEXPR)', 'g') AS called
    WHERE called[2] IS NOT NULL OR (SELECT p.provolatile FROM pg_proc p WHERE p.oid = called[1]::oid) <> 'i'
),
columns AS (
    SELECT a.attrelid AS oid,
           jsonb_agg(
               jsonb_build_array(
                   a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
                   b.built_in, b.written, d.adnum IS NOT NULL AND a.attgenerated = '' OR a.attidentity <> ''
               )
               ORDER BY a.attnum
           ) AS list
    FROM pg_attribute a
    JOIN base b USING (attrelid, attnum)
    LEFT JOIN drawn d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    GROUP BY a.attrelid
),
uniques AS (
    SELECT i.indrelid AS oid,
           jsonb_agg(n.names ORDER BY i.indisprimary DESC, i.indisreplident DESC, i.indnkeyatts, n.names::text) AS list
    FROM pg_index i
    JOIN given g ON g.oid = i.indrelid
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(a.attname ORDER BY k.place) AS names, bool_and(a.attnotnull) AS whole
        FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
        WHERE k.place <= i.indnkeyatts
    ) n
    WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND n.whole
    GROUP BY i.indrelid
),
refs AS (
    SELECT r.conrelid AS oid,
           jsonb_agg(
               jsonb_build_array(
                   (SELECT jsonb_agg(a.attname ORDER BY k.place) FROM unnest(r.conkey) WITH ORDINALITY AS k(number, place)
                    JOIN pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = k.number),
                   format('%%I.%%I', n.nspname, c.relname), c.oid::bigint,
                   (SELECT jsonb_agg(a.attname ORDER BY k.place) FROM unnest(r.confkey) WITH ORDINALITY AS k(number, place)
                    JOIN pg_attribute a ON a.attrelid = r.confrelid AND a.attnum = k.number)
               )
               ORDER BY r.conname
           ) AS list
    FROM pg_constraint r
    JOIN given g ON g.oid = r.conrelid
    JOIN pg_class c ON c.oid = r.confrelid AND NOT c.relispartition
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.contype = 'f'
    GROUP BY r.conrelid
)
SELECT g.oid::bigint, coalesce(c.list, '[]'), coalesce(u.list, '[]'), coalesce(r.list, '[]')
FROM given g
LEFT JOIN columns c USING (oid)
LEFT JOIN uniques u USING (oid)
LEFT JOIN refs r USING (oid)
