-- Columns, keys and references of the tables whose oids are given.
--
-- Each row is a JSON array: [oid, columns, keys, references, horizon].
-- built_in is the name in pg_catalog of the column's type below any domains, NULL where the type is user-defined; base is
-- how that type is written. drawn tells a default that calls what is not immutable: nextval, now(), gen_random_uuid.
WITH given AS (
    SELECT unnest($1::oid[]) AS oid
),
-- Columns, types and defaults are looked up one by one (OFFSET 0 keeps the planner from joining them): their number is
-- overestimated, and every column there is would be read.
columns AS (
    SELECT a.attrelid AS oid,
           jsonb_agg(
               jsonb_build_array(
                   a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
                   b.built_in, b.written, a.attidentity <> '' OR a.attgenerated = '' AND d.drawn
               )
               ORDER BY a.attnum
           ) AS list
    FROM given g
    CROSS JOIN LATERAL (
        SELECT * FROM pg_attribute t WHERE t.attrelid = g.oid AND t.attnum > 0 AND NOT t.attisdropped OFFSET 0
    ) AS a
    CROSS JOIN LATERAL (
        WITH RECURSIVE unwrapped AS (
            SELECT a.atttypid AS type, a.atttypmod AS modifier
            UNION ALL
            SELECT y.typbasetype, y.typtypmod
            FROM unwrapped u
            CROSS JOIN LATERAL (SELECT * FROM pg_type t WHERE t.oid = u.type OFFSET 0) AS y
            WHERE y.typtype = 'd'
        )
        SELECT format_type(u.type, u.modifier) AS written,
               CASE WHEN y.typnamespace = 'pg_catalog'::regnamespace THEN y.typname::text END AS built_in
        FROM unwrapped u
        CROSS JOIN LATERAL (SELECT * FROM pg_type t WHERE t.oid = u.type OFFSET 0) AS y
        WHERE y.typtype <> 'd'
    ) AS b
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT
            FROM pg_attrdef f
            CROSS JOIN LATERAL regexp_matches(f.adbin::text, ':funcid (\d+)|({SQLVALUEFUNCTION|{NEXTVALUEEXPR)', 'g') AS called
            WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum
              AND (called[2] IS NOT NULL OR (SELECT p.provolatile FROM pg_proc p WHERE p.oid = called[1]::oid) <> 'i')
        ) AS drawn
    ) AS d
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
                   format('%I.%I', n.nspname, c.relname), c.oid::bigint,
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
SELECT jsonb_build_array(
    g.oid::bigint, coalesce(c.list, '[]'), coalesce(u.list, '[]'), coalesce(r.list, '[]'),
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint
)
FROM given g
LEFT JOIN columns c USING (oid)
LEFT JOIN uniques u USING (oid)
LEFT JOIN refs r USING (oid)
