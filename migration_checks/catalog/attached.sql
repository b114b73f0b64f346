-- What hangs on a relation or a domain: constraints, indexes, triggers, rules, policies and extended statistics.
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent has its default).
-- An object's own name, and that of its table, is cut off its definition, so that a renamed one is known by the rest.
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

WITH space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
),
relation AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relname, c.relnamespace, space.name AS space,
        space.name || '.' || quote_ident(c.relname) AS identity,
        CASE c.relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind
    FROM pg_class c
    JOIN space ON space.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND NOT EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
),
-- PostgreSQL 18 keeps NOT NULL as a constraint too. It is the column's facet; only one that says more is listed here: a name
-- of its own, NOT VALID, NO INHERIT, a comment. The rows that a partition holds for a constraint of its parent are not
-- listed, unless they are invalid or disabled by themselves.
constrained AS MATERIALIZED (
    SELECT con.*, coalesce(r.identity, domain.identity) AS owner, coalesce(r.kind, 'domain') AS owner_kind,
        note.description AS comment, firing.states,
        concat(
            CASE WHEN con.contype IN ('c', 'n') AND con.connoinherit THEN ' NO INHERIT' END,
            CASE WHEN con.condeferrable THEN ' DEFERRABLE' END,
            CASE WHEN con.condeferred THEN ' INITIALLY DEFERRED' END,
            CASE WHEN con.convalidated THEN NULL
                WHEN NOT con.conenforced THEN ' NOT ENFORCED' -- since 18
                ELSE ' NOT VALID' END
        ) AS state
    FROM pg_constraint con
    LEFT JOIN relation r ON r.oid = con.conrelid
    LEFT JOIN LATERAL (
        SELECT space.name || '.' || quote_ident(t.typname) AS identity
        FROM pg_type t
        JOIN space ON space.oid = t.typnamespace
        WHERE t.oid = con.contypid AND con.contypid <> 0
          AND NOT EXISTS (
              SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
          )
    ) AS domain ON true
    LEFT JOIN pg_constraint parent ON parent.oid = con.conparentid
    LEFT JOIN pg_description note ON note.objoid = con.oid AND note.classoid = 'pg_constraint'::regclass
    LEFT JOIN LATERAL (
        SELECT json_agg(DISTINCT fired.tgenabled) AS states
        FROM pg_trigger fired
        WHERE con.contype = 'f' AND fired.tgconstraint = con.oid AND fired.tgenabled <> 'O'
    ) AS firing ON true
    WHERE con.oid >= 16384
      AND con.contype IN ('c', 'f', 'n', 'p', 'u', 'x')
      AND (r.oid IS NOT NULL OR domain.identity IS NOT NULL)
      AND (con.conparentid = 0 OR con.convalidated <> parent.convalidated OR firing.states IS NOT NULL)
      AND (con.contype <> 'n' OR con.conname !~ '_not_null[0-9]*$' OR NOT con.convalidated OR con.connoinherit
          OR note.description IS NOT NULL)
)
SELECT
    'constraint' AS kind,
    con.owner || '.' || quote_ident(con.conname) AS identity,
    con.owner_kind AS parent_kind,
    con.owner AS parent_identity,
    json_strip_nulls(json_build_object(
        'type', CASE con.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
            WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' ELSE 'not null' END,
        'definition', left(pg_get_constraintdef(con.oid), coalesce(-nullif(length(con.state), 0), 1000000000)),
        'validated', con.convalidated,
        'enforced', con.conenforced, -- since 18
        'deferrable', con.condeferrable,
        'deferred', con.condeferred,
        'no inherit', CASE WHEN con.contype IN ('c', 'n') AND con.connoinherit THEN true END,
        'triggers', con.states,
        'inherited', CASE WHEN con.conparentid = 0 THEN nullif(con.coninhcount, 0) END,
        'local', CASE WHEN con.conparentid = 0 THEN nullif(con.conislocal, true) END,
        'comment', con.comment
    ))::text AS definition
FROM constrained con

UNION ALL

SELECT
    'index',
    t.space || '.' || quote_ident(c.relname),
    CASE WHEN con.oid IS NULL THEN t.kind ELSE 'constraint' END,
    concat(t.identity, '.' || quote_ident(con.conname)),
    json_strip_nulls(json_build_object(
        'unique', CASE WHEN con.oid IS NULL THEN i.indisunique END,
        'definition', CASE WHEN con.oid IS NULL THEN substr(pg_get_indexdef(c.oid), 1 + length(concat(
            'CREATE ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, 'INDEX ', quote_ident(c.relname), ' ON ',
            CASE WHEN c.relkind = 'I' THEN 'ONLY ' END, t.identity, ' USING '
        ))) END,
        'options', CASE WHEN con.oid IS NOT NULL THEN
            (SELECT json_agg(o ORDER BY o) FROM unnest(c.reloptions) o WHERE c.reloptions IS NOT NULL) END,
        'valid', i.indisvalid,
        'ready', i.indisready,
        'live', nullif(i.indislive, true),
        'clustered', nullif(i.indisclustered, false),
        'replica identity', nullif(i.indisreplident, false),
        'partition of', (SELECT p.inhparent::regclass::text FROM pg_inherits p WHERE p.inhrelid = c.oid),
        'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace),
        'statistics', (
            SELECT json_object_agg(a.attname, a.attstattarget ORDER BY a.attnum)
            FROM pg_attribute a
            WHERE i.indexprs IS NOT NULL AND a.attrelid = c.oid AND a.attstattarget >= 0
        ),
        'comment', note.description
    ))::text
FROM relation t
JOIN pg_index i ON i.indrelid = t.oid
JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint con
    ON con.conindid = c.oid AND con.conrelid = t.oid AND con.contype IN ('p', 'u', 'x') AND con.conparentid = 0
LEFT JOIN pg_description note ON note.objoid = c.oid AND note.classoid = 'pg_class'::regclass AND note.objsubid = 0

UNION ALL

-- A partition's copy of its parent's trigger is listed only when it is enabled otherwise; what enforces a constraint is not.
SELECT
    'trigger',
    r.identity || '.' || quote_ident(t.tgname),
    r.kind,
    r.identity,
    json_strip_nulls(json_build_object(
        'definition', substr(pg_get_triggerdef(t.oid), 1 + length(concat(
            'CREATE ', CASE WHEN t.tgconstraint <> 0 THEN 'CONSTRAINT ' END, 'TRIGGER ', quote_ident(t.tgname), ' '
        ))),
        'enabled', t.tgenabled,
        'comment', note.description
    ))::text
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
    json_strip_nulls(json_build_object(
        'definition', substr(pg_get_ruledef(w.oid), 1 + length(concat('CREATE RULE ', quote_ident(w.rulename), ' AS'))),
        'enabled', w.ev_enabled,
        'comment', note.description
    ))::text
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
    json_strip_nulls(json_build_object(
        'command', CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete'
            ELSE 'all' END,
        'permissive', p.polpermissive,
        'roles', (
            SELECT json_agg(name ORDER BY name)
            FROM (
                SELECT CASE role WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(role)) END FROM unnest(p.polroles) AS role
            ) AS roles (name)
        ),
        'using', pg_get_expr(p.polqual, p.polrelid),
        'with check', pg_get_expr(p.polwithcheck, p.polrelid),
        'comment', note.description
    ))::text
FROM pg_policy p
JOIN relation r ON r.oid = p.polrelid
LEFT JOIN pg_description note ON note.objoid = p.oid AND note.classoid = 'pg_policy'::regclass

UNION ALL

SELECT
    'statistics',
    space.name || '.' || quote_ident(s.stxname),
    r.kind,
    r.identity,
    json_strip_nulls(json_build_object(
        'columns', pg_get_statisticsobjdef_columns(s.oid),
        'kinds', (SELECT json_agg(k ORDER BY k) FROM unnest(s.stxkind) k),
        'target', nullif(s.stxstattarget, -1),
        'owner', pg_get_userbyid(s.stxowner),
        'comment', note.description
    ))::text
FROM pg_statistic_ext s
JOIN relation r ON r.oid = s.stxrelid
JOIN space ON space.oid = s.stxnamespace
LEFT JOIN pg_description note ON note.objoid = s.oid AND note.classoid = 'pg_statistic_ext'::regclass
