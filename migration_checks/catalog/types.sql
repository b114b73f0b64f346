-- Types of the user: enums, domains, composite types, ranges and base types.
--
-- asked when: EXISTS (SELECT FROM pg_type WHERE oid >= 16384 AND typtype IN ('e', 'd', 'r', 'p'))
--     OR EXISTS (SELECT FROM pg_type WHERE oid >= 16384 AND typtype = 'b' AND typarray <> 0)
--     OR EXISTS (SELECT FROM pg_class WHERE oid >= 16384 AND relkind = 'c')
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

WITH space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
),
-- Row types of tables, array types and the multirange of a range follow what they belong to, and are not listed.
typed AS MATERIALIZED (
    SELECT t.*, space.name AS space, space.name || '.' || quote_ident(t.typname) AS identity,
        pg_get_userbyid(t.typowner) AS owner,
        CASE
            WHEN t.typacl @> acldefault('T', t.typowner) AND t.typacl <@ acldefault('T', t.typowner) THEN NULL
            WHEN t.typacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(t.typacl) a)
        END AS privileges,
        note.description AS comment
    FROM pg_type t
    JOIN space ON space.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    LEFT JOIN pg_description note ON note.objoid = t.oid AND note.classoid = 'pg_type'::regclass
    WHERE t.oid >= 16384
      AND t.typtype <> 'm'
      AND (t.typrelid = 0 OR c.relkind = 'c')
      AND NOT EXISTS (SELECT FROM pg_type element WHERE element.oid = t.typelem AND element.typarray = t.oid)
      AND NOT EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
      )
)
SELECT
    'enum' AS kind,
    t.identity,
    'schema' AS parent_kind,
    t.space AS parent_identity,
    json_build_object(
        'labels', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
        'owner', t.owner, 'privileges', t.privileges, 'comment', t.comment
    )::text AS definition
FROM typed t
WHERE t.typtype = 'e'

UNION ALL

SELECT
    'domain', t.identity, 'schema', t.space,
    json_build_object(
        'type', format_type(t.typbasetype, t.typtypmod),
        'not null', t.typnotnull,
        'default', coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
        'collation', (
            SELECT t.typcollation::regcollation::text
            FROM pg_type base
            WHERE base.oid = t.typbasetype AND base.typcollation <> t.typcollation
        ),
        'owner', t.owner, 'privileges', t.privileges, 'comment', t.comment
    )::text
FROM typed t
WHERE t.typtype = 'd'

UNION ALL

-- The order of attributes counts: it is the order of a row literal.
SELECT
    'composite type', t.identity, 'schema', t.space,
    json_build_object(
        'attributes', attributes.types,
        'attribute comments', attributes.comments,
        'owner', t.owner, 'privileges', t.privileges, 'comment', t.comment
    )::text
FROM typed t
LEFT JOIN LATERAL (
    SELECT
        json_agg(concat(
            quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attcollation <> own.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text END
        ) ORDER BY a.attnum) AS types,
        json_object_agg(a.attname, note.description ORDER BY a.attnum)
            FILTER (WHERE note.description IS NOT NULL) AS comments
    FROM pg_attribute a
    JOIN pg_type own ON own.oid = a.atttypid
    LEFT JOIN pg_description note
        ON note.objoid = a.attrelid AND note.classoid = 'pg_class'::regclass AND note.objsubid = a.attnum
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
) AS attributes ON true
WHERE t.typtype = 'c'

UNION ALL

SELECT
    'range type', t.identity, 'schema', t.space,
    json_build_object(
        'subtype', format_type(r.rngsubtype, NULL),
        'multirange', format_type(r.rngmultitypid, NULL),
        'operator class', (
            SELECT quote_ident(n.nspname) || '.' || quote_ident(o.opcname)
            FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE o.oid = r.rngsubopc
        ),
        'collation', nullif(r.rngcollation, 0)::regcollation::text,
        'canonical', nullif(r.rngcanonical::oid, 0)::regprocedure::text,
        'difference', nullif(r.rngsubdiff::oid, 0)::regprocedure::text,
        'owner', t.owner, 'privileges', t.privileges, 'comment', t.comment
    )::text
FROM typed t
JOIN pg_range r ON r.rngtypid = t.oid
WHERE t.typtype = 'r'

UNION ALL

SELECT
    'type', t.identity, 'schema', t.space,
    json_build_object(
        'defined', t.typisdefined,
        'input', nullif(t.typinput::oid, 0)::regprocedure::text,
        'output', nullif(t.typoutput::oid, 0)::regprocedure::text,
        'receive', nullif(t.typreceive::oid, 0)::regprocedure::text,
        'send', nullif(t.typsend::oid, 0)::regprocedure::text,
        'modifier input', nullif(t.typmodin::oid, 0)::regprocedure::text,
        'modifier output', nullif(t.typmodout::oid, 0)::regprocedure::text,
        'analyze', nullif(t.typanalyze::oid, 0)::regprocedure::text,
        'length', t.typlen, 'by value', t.typbyval, 'alignment', t.typalign, 'storage', t.typstorage,
        'category', t.typcategory, 'preferred', t.typispreferred, 'delimiter', t.typdelim,
        'element', CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END,
        'default', t.typdefault,
        'collatable', nullif(t.typcollation <> 0, false),
        'owner', t.owner, 'privileges', t.privileges, 'comment', t.comment
    )::text
FROM typed t
WHERE t.typtype IN ('b', 'p')
