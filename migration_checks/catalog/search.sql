-- Text search: configurations, dictionaries, parsers and templates.
--
-- asked when: EXISTS (SELECT FROM pg_ts_config WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_ts_dict WHERE oid >= 16384)
--     OR EXISTS (SELECT FROM pg_ts_parser WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_ts_template WHERE oid >= 16384)
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

WITH space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
)
SELECT
    'text search configuration', space.name || '.' || quote_ident(c.cfgname), 'schema', space.name,
    json_build_object(
        'parser', quote_ident(pn.nspname) || '.' || quote_ident(p.prsname),
        'mappings', (
            SELECT json_agg(text ORDER BY text)
            FROM (
                SELECT token.alias || ': ' || string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno)
                FROM pg_ts_config_map m
                JOIN ts_token_type(c.cfgparser) AS token ON token.tokid = m.maptokentype
                WHERE m.mapcfg = c.oid
                GROUP BY token.alias
            ) AS mappings (text)
        ),
        'owner', pg_get_userbyid(c.cfgowner),
        'comment', note.description
    )::text
FROM pg_ts_config c
JOIN space ON space.oid = c.cfgnamespace
JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace pn ON pn.oid = p.prsnamespace
LEFT JOIN pg_description note ON note.objoid = c.oid AND note.classoid = 'pg_ts_config'::regclass
WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_config'::regclass AND d.objid = c.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'text search dictionary', space.name || '.' || quote_ident(t.dictname), 'schema', space.name,
    json_build_object(
        'template', quote_ident(tn.nspname) || '.' || quote_ident(template.tmplname),
        'options', t.dictinitoption,
        'owner', pg_get_userbyid(t.dictowner),
        'comment', note.description
    )::text
FROM pg_ts_dict t
JOIN space ON space.oid = t.dictnamespace
JOIN pg_ts_template template ON template.oid = t.dicttemplate
JOIN pg_namespace tn ON tn.oid = template.tmplnamespace
LEFT JOIN pg_description note ON note.objoid = t.oid AND note.classoid = 'pg_ts_dict'::regclass
WHERE t.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_dict'::regclass AND d.objid = t.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'text search parser', space.name || '.' || quote_ident(p.prsname), 'schema', space.name,
    json_build_object(
        'start', p.prsstart::oid::regproc, 'token', p.prstoken::oid::regproc, 'end', p.prsend::oid::regproc,
        'headline', p.prsheadline::oid::regproc, 'types', p.prslextype::oid::regproc
    )::text
FROM pg_ts_parser p
JOIN space ON space.oid = p.prsnamespace
WHERE p.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_parser'::regclass AND d.objid = p.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'text search template', space.name || '.' || quote_ident(t.tmplname), 'schema', space.name,
    json_build_object('init', t.tmplinit::oid::regproc, 'lexize', t.tmpllexize::oid::regproc)::text
FROM pg_ts_template t
JOIN space ON space.oid = t.tmplnamespace
WHERE t.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_template'::regclass AND d.objid = t.oid AND d.deptype = 'e')
