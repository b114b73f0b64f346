-- Operators, their classes and families, casts, collations and conversions.
--
-- asked when: EXISTS (SELECT FROM pg_operator WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_opfamily WHERE oid >= 16384)
--     OR EXISTS (SELECT FROM pg_opclass WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_cast WHERE oid >= 16384)
--     OR EXISTS (SELECT FROM pg_collation WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_conversion WHERE oid >= 16384)
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

WITH space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
)
SELECT
    'operator', o.oid::regoperator::text, 'schema', space.name,
    json_build_object(
        'function', o.oprcode::oid::regprocedure::text,
        'result', format_type(o.oprresult, NULL),
        'commutator', nullif(o.oprcom, 0)::regoperator::text,
        'negator', nullif(o.oprnegate, 0)::regoperator::text,
        'restriction', nullif(o.oprrest::oid, 0)::regproc::text,
        'join', nullif(o.oprjoin::oid, 0)::regproc::text,
        'merges', o.oprcanmerge,
        'hashes', o.oprcanhash,
        'owner', pg_get_userbyid(o.oprowner),
        'comment', note.description
    )::text
FROM pg_operator o
JOIN space ON space.oid = o.oprnamespace
LEFT JOIN pg_description note ON note.objoid = o.oid AND note.classoid = 'pg_operator'::regclass
WHERE o.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'operator family', space.name || '.' || quote_ident(f.opfname) || ' USING ' || quote_ident(am.amname), 'schema', space.name,
    json_build_object(
        'operators', (
            SELECT json_agg(text ORDER BY text)
            FROM (
                SELECT concat_ws(' ', ao.amopstrategy, ao.amopopr::regoperator,
                    CASE ao.amoppurpose WHEN 'o' THEN 'for order by' END)
                FROM pg_amop ao WHERE ao.amopfamily = f.oid
            ) AS operators (text)
        ),
        'functions', (
            SELECT json_agg(text ORDER BY text)
            FROM (
                SELECT concat_ws(' ', ap.amprocnum, ap.amproc::oid::regprocedure, format_type(ap.amproclefttype, NULL),
                    format_type(ap.amprocrighttype, NULL))
                FROM pg_amproc ap WHERE ap.amprocfamily = f.oid
            ) AS functions (text)
        ),
        'owner', pg_get_userbyid(f.opfowner),
        'comment', note.description
    )::text
FROM pg_opfamily f
JOIN space ON space.oid = f.opfnamespace
JOIN pg_am am ON am.oid = f.opfmethod
LEFT JOIN pg_description note ON note.objoid = f.oid AND note.classoid = 'pg_opfamily'::regclass
WHERE f.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_opfamily'::regclass AND d.objid = f.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'operator class', space.name || '.' || quote_ident(c.opcname) || ' USING ' || quote_ident(am.amname), 'schema', space.name,
    json_build_object(
        'type', format_type(c.opcintype, NULL),
        'default', c.opcdefault,
        'key type', CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END,
        'family', quote_ident(n.nspname) || '.' || quote_ident(f.opfname),
        'owner', pg_get_userbyid(c.opcowner),
        'comment', note.description
    )::text
FROM pg_opclass c
JOIN space ON space.oid = c.opcnamespace
JOIN pg_am am ON am.oid = c.opcmethod
JOIN pg_opfamily f ON f.oid = c.opcfamily
JOIN pg_namespace n ON n.oid = f.opfnamespace
LEFT JOIN pg_description note ON note.objoid = c.oid AND note.classoid = 'pg_opclass'::regclass
WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_opclass'::regclass AND d.objid = c.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'cast', '(' || format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL) || ')', NULL, NULL,
    json_build_object(
        'function', nullif(c.castfunc, 0)::regprocedure::text,
        'context', CASE c.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'assignment' ELSE 'explicit' END,
        'method', CASE c.castmethod WHEN 'f' THEN 'function' WHEN 'i' THEN 'input and output' ELSE 'binary' END,
        'comment', note.description
    )::text
FROM pg_cast c
LEFT JOIN pg_description note ON note.objoid = c.oid AND note.classoid = 'pg_cast'::regclass
WHERE c.oid >= 16384
  -- "i": a range brings the cast to its multirange.
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))

UNION ALL

SELECT
    'collation', space.name || '.' || quote_ident(c.collname), 'schema', space.name,
    -- Column names differ between majors (colliculocale, colllocale): the whole row, without what is not the user's.
    (to_jsonb(c) - ARRAY['oid', 'collname', 'collnamespace', 'collowner', 'collversion']
        || jsonb_build_object('owner', pg_get_userbyid(c.collowner), 'comment', note.description))::text
FROM pg_collation c
JOIN space ON space.oid = c.collnamespace
LEFT JOIN pg_description note ON note.objoid = c.oid AND note.classoid = 'pg_collation'::regclass
WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_collation'::regclass AND d.objid = c.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'conversion', space.name || '.' || quote_ident(c.conname), 'schema', space.name,
    json_build_object(
        'from', pg_encoding_to_char(c.conforencoding),
        'to', pg_encoding_to_char(c.contoencoding),
        'function', c.conproc::regprocedure::text,
        'default', c.condefault,
        'owner', pg_get_userbyid(c.conowner),
        'comment', note.description
    )::text
FROM pg_conversion c
JOIN space ON space.oid = c.connamespace
LEFT JOIN pg_description note ON note.objoid = c.oid AND note.classoid = 'pg_conversion'::regclass
WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_conversion'::regclass AND d.objid = c.oid AND d.deptype = 'e')
