-- The database as a whole: schemas, extensions, settings, default privileges, publications, foreign servers, text search; and roles.
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

WITH space AS MATERIALIZED (
    SELECT oid, nspowner, nspacl, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
)
SELECT
    'schema' AS kind,
    n.name AS identity,
    NULL AS parent_kind,
    NULL AS parent_identity,
    json_strip_nulls(json_build_object(
        'owner', pg_get_userbyid(n.nspowner),
        'privileges', CASE
            WHEN n.nspacl @> acldefault('n', n.nspowner) AND n.nspacl <@ acldefault('n', n.nspowner) THEN NULL
            WHEN n.nspacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(n.nspacl) a)
        END,
        'comment', note.description
    ))::text AS definition
FROM space n
LEFT JOIN pg_description note ON note.objoid = n.oid AND note.classoid = 'pg_namespace'::regclass
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'extension', quote_ident(e.extname), NULL, NULL,
    json_strip_nulls(json_build_object(
        'version', e.extversion,
        'schema', space.name,
        'owner', pg_get_userbyid(e.extowner),
        'comment', note.description
    ))::text
FROM pg_extension e
LEFT JOIN space ON space.oid = e.extnamespace
LEFT JOIN pg_description note ON note.objoid = e.oid AND note.classoid = 'pg_extension'::regclass
JOIN pg_namespace n ON n.oid = e.extnamespace AND n.nspname <> :'own_schema'

UNION ALL

-- Comment, grants and settings of the database itself, whatever it is called.
SELECT
    'database', 'current', NULL, NULL,
    json_strip_nulls(json_build_object(
        'owner', pg_get_userbyid(d.datdba),
        'privileges', CASE
            WHEN d.datacl @> acldefault('d', d.datdba) AND d.datacl <@ acldefault('d', d.datdba) THEN NULL
            WHEN d.datacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(d.datacl) a)
        END,
        'connection limit', nullif(d.datconnlimit, -1),
        'comment', shobj_description(d.oid, 'pg_database')
    ))::text
FROM pg_database d
WHERE d.datname = current_database()

UNION ALL

SELECT
    'database setting',
    concat(CASE WHEN s.setrole <> 0 THEN quote_ident(pg_get_userbyid(s.setrole)) || ': ' END, split_part(setting, '=', 1)),
    NULL, NULL,
    json_build_object('value', substr(setting, strpos(setting, '=') + 1))::text
FROM pg_db_role_setting s
CROSS JOIN unnest(s.setconfig) AS setting
WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())

UNION ALL

SELECT
    'role', quote_ident(r.rolname), NULL, NULL,
    json_strip_nulls(json_build_object(
        'superuser', r.rolsuper,
        'inherit', r.rolinherit,
        'create role', r.rolcreaterole,
        'create database', r.rolcreatedb,
        'login', r.rolcanlogin,
        'replication', r.rolreplication,
        'bypass row security', r.rolbypassrls,
        'connection limit', nullif(r.rolconnlimit, -1),
        'valid until', r.rolvaliduntil,
        'settings', (
            SELECT json_agg(setting ORDER BY setting)
            FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
            WHERE s.setrole = r.oid AND s.setdatabase = 0
        ),
        'member of', (
            SELECT json_agg(name ORDER BY name)
            FROM (
                SELECT concat_ws(' ', quote_ident(pg_get_userbyid(m.roleid)), CASE WHEN m.admin_option THEN 'WITH ADMIN' END
                    , CASE WHEN NOT m.inherit_option THEN 'INHERIT FALSE' END -- since 16
                    , CASE WHEN NOT m.set_option THEN 'SET FALSE' END -- since 16
                )
                FROM pg_auth_members m
                WHERE m.member = r.oid
            ) AS memberships (name)
        ),
        'comment', shobj_description(r.oid, 'pg_authid')
    ))::text
FROM pg_roles r
WHERE r.rolname !~ '^pg_'

UNION ALL

SELECT
    'default privileges',
    concat_ws(' ', 'for', quote_ident(pg_get_userbyid(a.defaclrole)), 'in ' || space.name, 'on',
        CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
            WHEN 'n' THEN 'schemas' ELSE a.defaclobjtype::text END),
    CASE WHEN space.oid IS NOT NULL THEN 'schema' END,
    space.name,
    json_build_object(
        'privileges', (SELECT coalesce(json_agg(acl::text ORDER BY acl::text), '[]') FROM unnest(a.defaclacl) acl)
    )::text
FROM pg_default_acl a
LEFT JOIN space ON space.oid = a.defaclnamespace
WHERE space.oid IS NOT NULL OR a.defaclnamespace = 0

UNION ALL

SELECT
    'publication', quote_ident(p.pubname), NULL, NULL,
    (jsonb_strip_nulls(to_jsonb(p) - ARRAY['oid', 'pubname', 'pubowner'] || jsonb_build_object(
        'tables', (
            SELECT jsonb_agg(concat(member.prrelid::regclass::text
                , ' (' || ( -- since 15
                    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) -- since 15
                    FROM pg_attribute a WHERE a.attrelid = member.prrelid AND a.attnum = ANY (member.prattrs) -- since 15
                ) || ')' -- since 15
                , ' WHERE ' || pg_get_expr(member.prqual, member.prrelid) -- since 15
            ) ORDER BY member.prrelid::regclass::text)
            FROM pg_publication_rel member
            WHERE member.prpubid = p.oid
        ),
        'schemas', (SELECT jsonb_agg(space.name ORDER BY space.name) -- since 15
            FROM pg_publication_namespace pn JOIN space ON space.oid = pn.pnnspid WHERE pn.pnpubid = p.oid), -- since 15
        'owner', pg_get_userbyid(p.pubowner),
        'comment', note.description
    )))::text
FROM pg_publication p
LEFT JOIN pg_description note ON note.objoid = p.oid AND note.classoid = 'pg_publication'::regclass

UNION ALL

-- Of subscriptions only what everybody may read: connection strings hold passwords.
SELECT
    'subscription', quote_ident(s.subname), NULL, NULL,
    json_strip_nulls(json_build_object(
        'enabled', s.subenabled,
        'publications', s.subpublications,
        'slot', s.subslotname,
        'synchronous commit', s.subsynccommit,
        'owner', pg_get_userbyid(s.subowner)
    ))::text
FROM pg_subscription s
WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())

UNION ALL

SELECT
    'foreign data wrapper', quote_ident(w.fdwname), NULL, NULL,
    json_strip_nulls(json_build_object(
        'handler', nullif(w.fdwhandler, 0)::regprocedure::text,
        'validator', nullif(w.fdwvalidator, 0)::regprocedure::text,
        'options', (SELECT json_agg(o ORDER BY o) FROM unnest(w.fdwoptions) o WHERE w.fdwoptions IS NOT NULL),
        'owner', pg_get_userbyid(w.fdwowner),
        'privileges', CASE
            WHEN w.fdwacl @> acldefault('F', w.fdwowner) AND w.fdwacl <@ acldefault('F', w.fdwowner) THEN NULL
            WHEN w.fdwacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(w.fdwacl) a)
        END,
        'comment', note.description
    ))::text
FROM pg_foreign_data_wrapper w
LEFT JOIN pg_description note ON note.objoid = w.oid AND note.classoid = 'pg_foreign_data_wrapper'::regclass
WHERE w.fdwacl IS NOT NULL OR NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid AND d.deptype = 'e'
)

UNION ALL

SELECT
    'foreign server', quote_ident(s.srvname), NULL, NULL,
    json_strip_nulls(json_build_object(
        'wrapper', quote_ident(w.fdwname),
        'type', s.srvtype,
        'version', s.srvversion,
        'options', (SELECT json_agg(o ORDER BY o) FROM unnest(s.srvoptions) o WHERE s.srvoptions IS NOT NULL),
        'owner', pg_get_userbyid(s.srvowner),
        'privileges', CASE
            WHEN s.srvacl @> acldefault('S', s.srvowner) AND s.srvacl <@ acldefault('S', s.srvowner) THEN NULL
            WHEN s.srvacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(s.srvacl) a)
        END,
        'comment', note.description
    ))::text
FROM pg_foreign_server s
JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
LEFT JOIN pg_description note ON note.objoid = s.oid AND note.classoid = 'pg_foreign_server'::regclass
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_server'::regclass AND d.objid = s.oid AND d.deptype = 'e')

UNION ALL

-- The names of options, not their values: among them are passwords, which a reader of a report must not see.
SELECT
    'user mapping', quote_ident(u.usename) || ' SERVER ' || quote_ident(u.srvname), 'foreign server', quote_ident(u.srvname),
    json_strip_nulls(json_build_object(
        'options', (
            SELECT json_agg(CASE WHEN option ~* '^(password|sslpassword|passcode)=' THEN split_part(option, '=', 1) ELSE option END
                ORDER BY option)
            FROM unnest(u.umoptions) option
            WHERE u.umoptions IS NOT NULL
        )
    ))::text
FROM pg_user_mappings u

UNION ALL

SELECT
    'text search configuration', space.name || '.' || quote_ident(c.cfgname), 'schema', space.name,
    json_strip_nulls(json_build_object(
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
    ))::text
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
    json_strip_nulls(json_build_object(
        'template', quote_ident(tn.nspname) || '.' || quote_ident(template.tmplname),
        'options', t.dictinitoption,
        'owner', pg_get_userbyid(t.dictowner),
        'comment', note.description
    ))::text
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
