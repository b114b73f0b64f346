-- Views and materialized views.
--
-- asked when: EXISTS (SELECT FROM pg_class WHERE oid >= 16384 AND relkind IN ('v', 'm'))
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
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
    CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END,
    r.identity,
    'schema',
    r.space,
    json_build_object(
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
        'tablespace', CASE WHEN r.reltablespace <> 0 THEN (SELECT spcname FROM pg_tablespace WHERE oid = r.reltablespace) END
    )::text
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
