-- Triggers, rules, row security policies and extended statistics. Their own names are cut off their definitions.
--
-- asked when: EXISTS (SELECT FROM pg_trigger WHERE NOT tgisinternal OR tgparentid <> 0)
--     OR EXISTS (SELECT FROM pg_rewrite WHERE oid >= 16384 AND rulename <> '_RETURN')
--     OR EXISTS (SELECT FROM pg_policy) OR EXISTS (SELECT FROM pg_statistic_ext)
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

WITH space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
),
relation AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relname, c.relnamespace, space.name AS space,
        space.name || '.' || quote_ident(c.relname) AS identity,
        CASE c.relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
            ELSE 'table' END AS kind
    FROM pg_class c
    JOIN space ON space.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND NOT EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
)
-- A partition's copy of its parent's trigger is listed only when it is enabled otherwise; what enforces a constraint is not.
SELECT
    'trigger',
    r.identity || '.' || quote_ident(t.tgname),
    r.kind,
    r.identity,
    json_build_object(
        'definition', substr(pg_get_triggerdef(t.oid), 1 + length(concat(
            'CREATE ', CASE WHEN t.tgconstraint <> 0 THEN 'CONSTRAINT ' END, 'TRIGGER ', quote_ident(t.tgname), ' '
        ))),
        'enabled', t.tgenabled,
        'comment', note.description
    )::text
FROM pg_trigger t
JOIN relation r ON r.oid = t.tgrelid
JOIN pg_proc f ON f.oid = t.tgfoid
JOIN pg_namespace n ON n.oid = f.pronamespace AND n.nspname <> :'own_schema'
LEFT JOIN pg_trigger parent ON parent.oid = t.tgparentid
LEFT JOIN pg_description note ON note.objoid = t.oid AND note.classoid = 'pg_trigger'::regclass
WHERE (NOT t.tgisinternal OR NOT parent.tgisinternal)
  AND (parent.oid IS NULL OR t.tgenabled <> parent.tgenabled)

UNION ALL

SELECT
    'rule',
    r.identity || '.' || quote_ident(w.rulename),
    r.kind,
    r.identity,
    json_build_object(
        'definition', substr(pg_get_ruledef(w.oid), 1 + length(concat('CREATE RULE ', quote_ident(w.rulename), ' AS'))),
        'enabled', w.ev_enabled,
        'comment', note.description
    )::text
FROM pg_rewrite w
JOIN relation r ON r.oid = w.ev_class
LEFT JOIN pg_description note ON note.objoid = w.oid AND note.classoid = 'pg_rewrite'::regclass
WHERE w.oid >= 16384 AND w.rulename <> '_RETURN'

UNION ALL

SELECT
    'policy',
    r.identity || '.' || quote_ident(p.polname),
    r.kind,
    r.identity,
    json_build_object(
        'command', CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete'
            ELSE 'all' END,
        'permissive', p.polpermissive,
        'roles', (
            SELECT json_agg(name ORDER BY name)
            FROM (
                SELECT CASE role WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(role)) END
                FROM unnest(p.polroles) AS role
            ) AS roles (name)
        ),
        'using', pg_get_expr(p.polqual, p.polrelid),
        'with check', pg_get_expr(p.polwithcheck, p.polrelid),
        'comment', note.description
    )::text
FROM pg_policy p
JOIN relation r ON r.oid = p.polrelid
LEFT JOIN pg_description note ON note.objoid = p.oid AND note.classoid = 'pg_policy'::regclass

UNION ALL

SELECT
    'statistics',
    space.name || '.' || quote_ident(s.stxname),
    r.kind,
    r.identity,
    json_build_object(
        'columns', pg_get_statisticsobjdef_columns(s.oid),
        'kinds', (SELECT json_agg(k ORDER BY k) FROM unnest(s.stxkind) k),
        'target', nullif(s.stxstattarget, -1),
        'owner', pg_get_userbyid(s.stxowner),
        'comment', note.description
    )::text
FROM pg_statistic_ext s
JOIN relation r ON r.oid = s.stxrelid
JOIN space ON space.oid = s.stxnamespace
LEFT JOIN pg_description note ON note.objoid = s.oid AND note.classoid = 'pg_statistic_ext'::regclass
