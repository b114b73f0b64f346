-- What has changed in the system catalog since the transaction %s, in two parts.
--
-- part: whole
--
-- One row on the database as a whole.
-- horizon     every transaction before it is over: what it wrote was visible to this reading
-- elsewhere   counters of every system catalog in which nothing is kept for each table or index; of rows that are kept there
--             for none: numbers, and whether any is new. Equal texts mean that nothing there was written to
-- triggers    whether a trigger exists that somebody made
SELECT
    pg_snapshot_xmin(pg_current_snapshot())::xid::text AS horizon,
    concat_ws(';',
        pg_stat_get_db_stat_reset_time((SELECT oid FROM pg_database WHERE datname = current_database())),
        (SELECT string_agg(concat_ws('.', oid, relfilenode, pg_stat_get_tuples_inserted(oid), pg_stat_get_tuples_updated(oid),
                                     pg_stat_get_tuples_deleted(oid)), ',' ORDER BY oid)
         FROM pg_class
         WHERE oid < 16384 AND relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace
           AND relname NOT IN ('pg_class', 'pg_attribute', 'pg_attrdef', 'pg_constraint', 'pg_index', 'pg_inherits',
                               'pg_sequence', 'pg_trigger', 'pg_type', 'pg_depend', 'pg_shdepend', 'pg_statistic',
                               'pg_statistic_ext_data', 'pg_largeobject', 'pg_largeobject_metadata', 'pg_init_privs')),
        (SELECT concat_ws('.', count(*), max(xmin::text::bigint))
         FROM pg_type
         WHERE oid >= 16384 AND typtype <> 'c' AND typcategory <> 'A'),
        (SELECT concat_ws('.', count(*), max(xmin::text::bigint)) FROM pg_constraint WHERE conrelid = 0),
        (SELECT concat_ws('.', count(*), max(xmin::text::bigint))
         FROM pg_depend
         WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e')
    ) AS elsewhere,
    EXISTS (SELECT FROM pg_trigger WHERE NOT tgisinternal OR tgparentid <> 0) AS triggers
-- part: relations
--
-- One row a relation of the user.
-- pieces      how many rows the system catalogs hold for it: one that was deleted shows here
-- fresh       whether any of them was written since: rows are never altered, new versions of them are written
-- links       relations whose definition its own may quote: those that it references, or inherits from
WITH recent AS MATERIALIZED (
    SELECT age(%s::text::xid) AS age
),
relation AS MATERIALIZED (
    SELECT c.oid, c.relkind, format('%%I.%%I', n.nspname, c.relname) AS name, age(c.xmin) AS age, c.reltoastrelid
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', :'own_schema')
),
piece (oid, age, link, counted) AS (
    SELECT oid, age, 0::oid, 1 FROM relation
    UNION ALL
    SELECT r.oid, age(t.xmin), 0, 1 FROM relation r JOIN pg_class t ON t.oid = r.reltoastrelid
    UNION ALL
    SELECT i.indrelid, least(age(i.xmin), age(c.xmin)), 0, 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    UNION ALL
    SELECT i.indrelid, age(h.xmin), 0, 1 FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid
    UNION ALL
    SELECT inhrelid, age(xmin), inhparent, 1 FROM pg_inherits
    UNION ALL
    SELECT conrelid, age(xmin), confrelid, 1 FROM pg_constraint
    UNION ALL
    SELECT tgrelid, age(xmin), 0, 1 FROM pg_trigger
    UNION ALL
    SELECT adrelid, age(xmin), 0, 1 FROM pg_attrdef
    UNION ALL
    SELECT seqrelid, age(xmin), 0, 1 FROM pg_sequence
    UNION ALL
    -- A column goes only with its table, else it is marked as dropped; so there is no need to count these, which are many.
    SELECT coalesce(i.indrelid, a.attrelid), age(a.xmin), 0, 0
    FROM pg_attribute a
    LEFT JOIN pg_index i ON i.indexrelid = a.attrelid
    WHERE age(a.xmin) <= (SELECT age FROM recent)
)
SELECT r.oid::bigint, r.relkind, r.name, sum(p.counted)::int AS pieces, bool_or(p.age <= recent.age) AS fresh,
       array_agg(DISTINCT p.link::bigint) FILTER (WHERE p.link <> 0) AS links
FROM relation r
JOIN piece p ON p.oid = r.oid
CROSS JOIN recent
GROUP BY r.oid, r.relkind, r.name
