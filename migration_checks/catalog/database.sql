-- The database as a whole: schemas, extensions, its own settings and grants, default privileges; and the roles of the cluster.
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
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
    json_build_object(
        'owner', pg_get_userbyid(n.nspowner),
        'privileges', CASE
            WHEN n.nspacl @> acldefault('n', n.nspowner) AND n.nspacl <@ acldefault('n', n.nspowner) THEN NULL
            WHEN n.nspacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(n.nspacl) a)
        END,
        'comment', note.description
    )::text AS definition
FROM space n
LEFT JOIN pg_description note ON note.objoid = n.oid AND note.classoid = 'pg_namespace'::regclass
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')

UNION ALL

SELECT
    'extension', quote_ident(e.extname), NULL, NULL,
    json_build_object(
        'version', e.extversion,
        'schema', space.name,
        'owner', pg_get_userbyid(e.extowner),
        'comment', note.description
    )::text
FROM pg_extension e
LEFT JOIN space ON space.oid = e.extnamespace
LEFT JOIN pg_description note ON note.objoid = e.oid AND note.classoid = 'pg_extension'::regclass
JOIN pg_namespace n ON n.oid = e.extnamespace AND n.nspname <> :'own_schema'

UNION ALL

-- Comment, grants and settings of the database itself, whatever it is called.
SELECT
    'database', 'current', NULL, NULL,
    json_build_object(
        'owner', pg_get_userbyid(d.datdba),
        'privileges', CASE
            WHEN d.datacl @> acldefault('d', d.datdba) AND d.datacl <@ acldefault('d', d.datdba) THEN NULL
            WHEN d.datacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(d.datacl) a)
        END,
        'connection limit', nullif(d.datconnlimit, -1),
        'comment', shobj_description(d.oid, 'pg_database')
    )::text
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
    json_build_object(
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
    )::text
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
