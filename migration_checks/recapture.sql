-- What has changed in the system catalog since the transaction $1, in two parts; each gives one row of one JSON array.
--
-- part: whole
--
-- On the database as a whole: [horizon, elsewhere, triggers].
-- horizon     every transaction before it is over: what it wrote was visible to this reading
-- elsewhere   counters of every system catalog in which nothing is kept for each table or index; of rows that are kept there
--             for none: numbers, and whether any is new. Equal texts mean that nothing there was written to
-- triggers    whether a trigger exists that somebody made
SELECT json_build_array(
    pg_snapshot_xmin(pg_current_snapshot())::xid::text,
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
    ),
    EXISTS (SELECT FROM pg_trigger WHERE NOT tgisinternal OR tgparentid <> 0)
)
-- part: relations
--
-- On the relations of the user: [oids, pieces, described].
-- oids        of all of them
-- pieces      how many rows the system catalogs hold for each: one that was deleted shows here
-- described   [oid, fresh, kind, name, links] of each if $2 is true, else of the fresh ones. fresh: any row of it was written
--             since (rows are never altered, new versions of them are written). links: relations whose definition its own
--             may quote, those that it references or inherits from
WITH recent AS MATERIALIZED (
    SELECT age($1::xid) AS age
),
relation AS MATERIALIZED (
    SELECT c.oid, age(c.xmin) AS age, c.reltoastrelid
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', :'own_schema')
),
piece (oid, age, counted) AS (
    SELECT oid, age, 1 FROM relation
    UNION ALL
    SELECT r.oid, age(t.xmin), 1 FROM relation r JOIN pg_class t ON t.oid = r.reltoastrelid WHERE r.reltoastrelid <> 0
    UNION ALL
    SELECT i.indrelid, least(age(i.xmin), age(c.xmin)), 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    UNION ALL
    SELECT i.indrelid, age(h.xmin), 1 FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid
    UNION ALL
    SELECT inhrelid, age(xmin), 1 FROM pg_inherits
    UNION ALL
    SELECT conrelid, age(xmin), 1 FROM pg_constraint
    UNION ALL
    SELECT tgrelid, age(xmin), 1 FROM pg_trigger
    UNION ALL
    SELECT adrelid, age(xmin), 1 FROM pg_attrdef
    UNION ALL
    SELECT seqrelid, age(xmin), 1 FROM pg_sequence
    UNION ALL
    -- A column goes only with its table, else it is marked as dropped; so there is no need to count these, which are many.
    SELECT coalesce(i.indrelid, a.attrelid), age(a.xmin), 0
    FROM pg_attribute a
    LEFT JOIN pg_index i ON i.indexrelid = a.attrelid
    WHERE age(a.xmin) <= (SELECT age FROM recent)
),
state AS MATERIALIZED (
    SELECT r.oid, sum(p.counted) AS pieces, min(p.age) <= (SELECT age FROM recent) AS fresh
    FROM relation r
    JOIN piece p ON p.oid = r.oid
    GROUP BY r.oid
)
SELECT json_build_array(
    coalesce((SELECT json_agg(oid::bigint ORDER BY oid) FROM state), '[]'),
    coalesce((SELECT json_agg(pieces ORDER BY oid) FROM state), '[]'),
    coalesce((
        SELECT json_agg(json_build_array(
            s.oid::bigint, s.fresh, c.relkind, format('%I.%I', n.nspname, c.relname),
            ARRAY(
                SELECT confrelid::bigint FROM pg_constraint WHERE conrelid = s.oid AND confrelid <> 0
                UNION
                SELECT inhparent::bigint FROM pg_inherits WHERE inhrelid = s.oid
            )
        ))
        FROM state s
        JOIN pg_class c ON c.oid = s.oid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE s.fresh OR $2::boolean
    ), '[]')
)
