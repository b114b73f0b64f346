-- Tables, foreign tables, their columns, and sequences, described without OIDs.
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N,
-- those that end in "given" are for reading only the relations whose oids are given.

WITH space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
),
relation AS MATERIALIZED (
    SELECT c.*, space.name AS space, space.name || '.' || quote_ident(c.relname) AS identity,
        CASE WHEN c.relkind = 'f' THEN 'foreign table' ELSE 'table' END AS kind, note.description AS comment
    FROM pg_class c
    JOIN space ON space.oid = c.relnamespace
    LEFT JOIN pg_description note ON note.objoid = c.oid AND note.classoid = 'pg_class'::regclass AND note.objsubid = 0
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
      AND c.oid = ANY ($1::oid[]) -- given
      AND NOT EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
)
SELECT
    r.kind,
    r.identity,
    CASE WHEN r.relispartition THEN 'table' ELSE 'schema' END AS parent_kind,
    CASE WHEN r.relispartition THEN parents.first ELSE r.space END AS parent_identity,
    json_build_object(
        'owner', pg_get_userbyid(r.relowner),
        'privileges', CASE
            WHEN r.relacl @> acldefault('r', r.relowner) AND r.relacl <@ acldefault('r', r.relowner) THEN NULL
            WHEN r.relacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(r.relacl) a)
        END,
        'comment', r.comment,
        'persistence', CASE r.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' ELSE 'temporary' END,
        'access method', (SELECT amname FROM pg_am WHERE oid = r.relam),
        'tablespace', CASE WHEN r.reltablespace <> 0 THEN (SELECT spcname FROM pg_tablespace WHERE oid = r.reltablespace) END,
        'options', CASE WHEN r.reloptions IS NOT NULL OR r.reltoastrelid <> 0 THEN (
            SELECT json_agg(option ORDER BY option)
            FROM (
                SELECT unnest(r.reloptions)
                UNION ALL
                SELECT 'toast.' || unnest(toast.reloptions) FROM pg_class toast WHERE toast.oid = r.reltoastrelid
            ) AS options (option)
        ) END,
        'row security', r.relrowsecurity,
        'force row security', r.relforcerowsecurity,
        'replica identity', CASE r.relreplident
            WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'index' END,
        'of type', CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END,
        'inherits', CASE WHEN NOT r.relispartition THEN parents.names END,
        'partition of', CASE WHEN r.relispartition THEN parents.first END,
        'partition bound', pg_get_expr(r.relpartbound, r.oid),
        'detaching', CASE WHEN parents.detaching THEN true END,
        'partition key', CASE WHEN r.relkind = 'p' THEN pg_get_partkeydef(r.oid) END,
        'server', (
            SELECT quote_ident(s.srvname)
            FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
            WHERE r.relkind = 'f' AND f.ftrelid = r.oid
        ),
        'foreign options', (
            SELECT json_agg(option ORDER BY option)
            FROM pg_foreign_table f, unnest(f.ftoptions) AS option
            WHERE r.relkind = 'f' AND f.ftrelid = r.oid
        )
    )::text AS definition
FROM relation r
LEFT JOIN LATERAL (
    SELECT json_agg(i.inhparent::regclass::text ORDER BY i.inhseqno) AS names, min(i.inhparent::regclass::text) AS first,
        bool_or(i.inhdetachpending) AS detaching
    FROM pg_inherits i
    WHERE i.inhrelid = r.oid
) AS parents ON true
WHERE r.relkind IN ('r', 'p', 'f')

UNION ALL

SELECT
    'column',
    r.identity || '.' || quote_ident(a.attname),
    r.kind,
    r.identity,
    row_to_json(facets)::text
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
LEFT JOIN pg_description note
    ON note.objoid = a.attrelid AND note.classoid = 'pg_class'::regclass AND note.objsubid = a.attnum
CROSS JOIN LATERAL (
    SELECT
        format_type(a.atttypid, a.atttypmod) AS type,
        a.attnotnull AS "not null",
        a.attnum AS position,
        CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
        CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
        CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
        CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END AS generated,
        CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS expression,
        CASE WHEN a.attstorage = t.typstorage THEN NULL
            WHEN a.attstorage = 'p' THEN 'plain' WHEN a.attstorage = 'e' THEN 'external'
            WHEN a.attstorage = 'm' THEN 'main' ELSE 'extended' END AS storage,
        CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
        nullif(a.attstattarget, -1) AS statistics,
        CASE WHEN a.attoptions IS NOT NULL THEN (SELECT json_agg(o ORDER BY o) FROM unnest(a.attoptions) o) END AS options,
        CASE WHEN a.attfdwoptions IS NOT NULL THEN (SELECT json_agg(o ORDER BY o) FROM unnest(a.attfdwoptions) o)
            END AS "foreign options",
        CASE WHEN a.attacl IS NOT NULL THEN (SELECT json_agg(acl::text ORDER BY acl::text) FROM unnest(a.attacl) acl)
            END AS privileges,
        nullif(a.attinhcount, 0) AS inherited,
        nullif(a.attislocal, true) AS "local",
        note.description AS comment
) AS facets
WHERE r.relkind IN ('r', 'p', 'f')

UNION ALL

SELECT
    'sequence',
    r.identity,
    CASE WHEN owner.name IS NULL THEN 'schema' ELSE 'column' END,
    coalesce(owner.name, r.space),
    json_build_object(
        'type', format_type(s.seqtypid, NULL),
        'start', s.seqstart,
        'increment', s.seqincrement,
        'minimum', s.seqmin,
        'maximum', s.seqmax,
        'cache', s.seqcache,
        'cycle', s.seqcycle,
        'owned by', owner.name,
        'identity', nullif(owner.internal, false),
        'persistence', CASE r.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' ELSE 'temporary' END,
        'owner', pg_get_userbyid(r.relowner),
        'privileges', CASE
            WHEN r.relacl @> acldefault('s', r.relowner) AND r.relacl <@ acldefault('s', r.relowner) THEN NULL
            WHEN r.relacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(r.relacl) a)
        END,
        'comment', r.comment
    )::text
FROM relation r
JOIN pg_sequence s ON s.seqrelid = r.oid
LEFT JOIN LATERAL (
    SELECT d.refobjid::regclass::text || '.' || quote_ident(a.attname) AS name, d.deptype = 'i' AS internal
    FROM pg_depend d
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
      AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
) AS owner ON true
WHERE r.relkind = 'S'
