-- Every sequence that feeds a column of a table: as its owner, its identity, or in a nextval default.
--
-- Each row is a JSON array: [name, table, column, increment, last, readable].
-- last is NULL when the sequence was never called, or may not be read; then its relation says where it stands.
WITH fed AS (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number
    FROM pg_sequence s
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT d.refobjid, a.adrelid, a.adnum
    FROM pg_sequence s
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.seqrelid
    JOIN pg_attrdef a ON a.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass
)
SELECT json_build_array(
    format('%I.%I', n.nspname, c.relname), f.relation::bigint, a.attname, s.seqincrement,
    CASE WHEN has_sequence_privilege(c.oid, 'USAGE, SELECT') THEN pg_sequence_last_value(c.oid) END,
    has_sequence_privilege(c.oid, 'SELECT')
)
FROM fed f
JOIN pg_sequence s ON s.seqrelid = f.sequence
JOIN pg_class c ON c.oid = f.sequence
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = f.relation AND a.attnum = f.number AND NOT a.attisdropped
WHERE NOT s.seqcycle AND c.relpersistence <> 't' -- of another session's, older servers refuse to say where it stands
ORDER BY format('%I.%I', n.nspname, c.relname), f.relation, f.number
