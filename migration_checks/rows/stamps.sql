-- Every user table with a stamp of its storage and one of its shape: equal stamps mean that nothing was written to it.
--
-- Each row is a JSON array: [oid, name, only, data, kinds, shape, unread].
-- data   database, when its statistics were reset, files and statistics counters of the table (of all leaves, for a
--        partitioned one)
-- kinds  the labels and attributes of user-defined types, which change what values mean without touching a row
-- shape  the versions of the catalog rows that describe its columns, keys and references; lines that end in "shape" are left
--        out where a reading of the catalog tells
WITH RECURSIVE named AS (
    SELECT c.oid, c.relkind, c.relispartition, c.relhassubclass, c.relfilenode, c.relnamespace, c.relname, c.relrowsecurity,
           n.nspname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', {own})
),
members AS (
    SELECT oid AS root, oid AS member, relkind, relfilenode FROM named WHERE NOT relispartition
    UNION ALL
    SELECT m.root, c.oid, c.relkind, c.relfilenode
    FROM members m
    JOIN pg_inherits i ON i.inhparent = m.member
    JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
    WHERE m.relkind = 'p'
),
storage AS (
    SELECT root,
           bool_or(relkind = 'f') AS is_foreign,
           string_agg(
               concat_ws('.', member, relfilenode, pg_stat_get_tuples_inserted(member), pg_stat_get_tuples_updated(member),
                         pg_stat_get_tuples_deleted(member)),
               ',' ORDER BY member
           ) AS counters
    FROM members
    GROUP BY root
),
kinds AS (
    SELECT concat_ws(
        '.',
        (SELECT concat_ws('.', count(*), max(xmin::text::bigint)) FROM pg_enum),
        (SELECT concat_ws('.', count(*), max(xmin::text::bigint)) FROM pg_type
         WHERE oid >= 16384 AND typtype <> 'c' AND typcategory <> 'A' AND typnamespace <> 'pg_catalog'::regnamespace),
        (SELECT concat_ws('.', count(*), max(a.xmin::text::bigint))
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind = 'c')
    ) AS stamp
)
SELECT json_build_array(
       t.oid::bigint,
       format('%I.%I', t.nspname, t.relname),
       t.relkind = 'r' AND t.relhassubclass,
       concat_ws('.', b.oid, pg_stat_get_db_stat_reset_time(b.oid), md5(s.counters)),
       k.stamp,
       concat_ws('.', '', -- shape
                 (SELECT concat_ws('.', count(*), max(a.xmin::text::bigint)) FROM pg_attribute a -- shape
                  WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped), -- shape
                 (SELECT concat_ws('.', count(*), max(d.xmin::text::bigint)) FROM pg_attrdef d WHERE d.adrelid = t.oid), -- shape
                 (SELECT concat_ws('.', count(*), max(i.xmin::text::bigint)) FROM pg_index i WHERE i.indrelid = t.oid), -- shape
                 (SELECT concat_ws('.', count(*), max(r.xmin::text::bigint)) FROM pg_constraint r -- shape
                  WHERE r.conrelid = t.oid AND r.contype = 'f'), -- shape
                 t.relhassubclass) || -- shape
       '',
       CASE
           WHEN t.relkind = 'f' THEN 'it is a foreign table'
           WHEN s.is_foreign THEN 'it has a foreign table as a partition'
           WHEN NOT has_schema_privilege(t.relnamespace, 'USAGE') THEN 'permission denied for its schema'
           WHEN NOT has_table_privilege(t.oid, 'SELECT') THEN 'permission denied'
           WHEN t.relrowsecurity AND row_security_active(t.oid) THEN 'row security hides rows from this role'
       END
)
FROM named t
JOIN storage s ON s.root = t.oid
CROSS JOIN kinds k
JOIN pg_database b ON b.datname = current_database()
ORDER BY format('%I.%I', t.nspname, t.relname)
