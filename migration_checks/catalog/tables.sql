-- Tables, foreign tables, their columns, views, materialized views and sequences, described without OIDs.
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

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
      AND NOT EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
)
SELECT
    r.kind,
    r.identity,
    CASE WHEN r.relispartition THEN 'table' ELSE 'schema' END AS parent_kind,
    CASE WHEN r.relispartition THEN parents.first ELSE r.space END AS parent_identity,
    json_strip_nulls(json_build_object(
        'owner', pg_get_userbyid(r.relowner),
        'privileges', CASE
            WHEN r.relacl @> acldefault('r', r.relowner) AND r.relacl <@ acldefault('r', r.relowner) THEN NULL
            WHEN r.relacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(r.relacl) a)
        END,
        'comment', r.comment,
        'persistence', CASE r.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' ELSE 'temporary' END,
        'access method', (SELECT amname FROM pg_am WHERE oid = r.relam),
        'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = r.reltablespace),
        'options', (
            SELECT json_agg(option ORDER BY option)
            FROM (
                SELECT unnest(r.reloptions)
                UNION ALL
                SELECT 'toast.' || unnest(toast.reloptions) FROM pg_class toast WHERE toast.oid = r.reltoastrelid
            ) AS options (option)
            WHERE r.reloptions IS NOT NULL OR r.reltoastrelid <> 0
        ),
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
    ))::text AS definition
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
    json_strip_nulls(json_build_object(
        'type', format_type(a.atttypid, a.atttypmod),
        'not null', a.attnotnull,
        'position', row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
        'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
        'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
        'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
        'expression', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        'storage', CASE WHEN a.attstorage <> t.typstorage THEN
            CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END,
        'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
        'statistics', nullif(a.attstattarget, -1),
        'options', (SELECT json_agg(o ORDER BY o) FROM unnest(a.attoptions) o WHERE a.attoptions IS NOT NULL),
        'foreign options', (SELECT json_agg(o ORDER BY o) FROM unnest(a.attfdwoptions) o WHERE a.attfdwoptions IS NOT NULL),
        'privileges', (SELECT json_agg(acl::text ORDER BY acl::text) FROM unnest(a.attacl) acl WHERE a.attacl IS NOT NULL),
        'inherited', nullif(a.attinhcount, 0),
        'local', nullif(a.attislocal, true),
        'comment', note.description
    ))::text
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
LEFT JOIN pg_description note
    ON note.objoid = a.attrelid AND note.classoid = 'pg_class'::regclass AND note.objsubid = a.attnum
WHERE r.relkind IN ('r', 'p', 'f')

UNION ALL

SELECT
    CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END,
    r.identity,
    'schema',
    r.space,
    json_strip_nulls(json_build_object(
        'definition', pg_get_viewdef(r.oid),
        'columns', columns.types,
        'column defaults', columns.defaults,
        'column comments', columns.comments,
        'column privileges', columns.privileges,
        'column settings', columns.settings,
        'owner', pg_get_userbyid(r.relowner),
        'privileges', CASE
            WHEN r.relacl @> acldefault('r', r.relowner) AND r.relacl <@ acldefault('r', r.relowner) THEN NULL
            WHEN r.relacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(r.relacl) a)
        END,
        'comment', r.comment,
        'options', (SELECT json_agg(o ORDER BY o) FROM unnest(r.reloptions) o WHERE r.reloptions IS NOT NULL),
        'populated', CASE WHEN r.relkind = 'm' THEN r.relispopulated END,
        'access method', (SELECT amname FROM pg_am WHERE oid = r.relam),
        'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = r.reltablespace)
    ))::text
FROM relation r
CROSS JOIN LATERAL (
    SELECT
        json_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types,
        json_object_agg(a.attname, pg_get_expr(d.adbin, d.adrelid) ORDER BY a.attnum)
            FILTER (WHERE d.adbin IS NOT NULL) AS defaults,
        json_object_agg(a.attname, note.description ORDER BY a.attnum)
            FILTER (WHERE note.description IS NOT NULL) AS comments,
        json_object_agg(a.attname, (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(a.attacl) acl) ORDER BY a.attnum)
            FILTER (WHERE a.attacl IS NOT NULL) AS privileges,
        json_object_agg(a.attname, json_build_array(
            nullif(a.attstattarget, -1), a.attcompression, nullif(a.attstorage, t.typstorage), a.attoptions
        ) ORDER BY a.attnum) FILTER (
            WHERE r.relkind = 'm' AND (nullif(a.attstattarget, -1) IS NOT NULL OR a.attcompression <> ''
                OR a.attstorage <> t.typstorage OR a.attoptions IS NOT NULL)
        ) AS settings
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_description note
        ON note.objoid = a.attrelid AND note.classoid = 'pg_class'::regclass AND note.objsubid = a.attnum
    WHERE a.attrelid = r.oid AND a.attnum > 0
) AS columns
WHERE r.relkind IN ('v', 'm')

UNION ALL

SELECT
    'sequence',
    r.identity,
    CASE WHEN owner.name IS NULL THEN 'schema' ELSE 'column' END,
    coalesce(owner.name, r.space),
    json_strip_nulls(json_build_object(
        'type', format_type(s.seqtypid, NULL),
        'start', s.seqstart,
        'increment', s.seqincrement,
        'minimum', s.seqmin,
        'maximum', s.seqmax,
        'cache', s.seqcache,
        'cycle', s.seqcycle,
        'owned by', owner.name,
        'identity', owner.internal,
        'persistence', CASE r.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' ELSE 'temporary' END,
        'owner', pg_get_userbyid(r.relowner),
        'privileges', CASE
            WHEN r.relacl @> acldefault('s', r.relowner) AND r.relacl <@ acldefault('s', r.relowner) THEN NULL
            WHEN r.relacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(r.relacl) a)
        END,
        'comment', r.comment
    ))::text
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
