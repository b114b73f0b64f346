-- Constraints of tables and domains, and indexes. Names are cut off definitions: a renamed object is known by the rest.
--
-- asked when: EXISTS (SELECT FROM pg_constraint WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_index WHERE indexrelid >= 16384)
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
    SELECT c.oid, c.relkind, c.relname, c.relnamespace, space.name AS space,
        space.name || '.' || quote_ident(c.relname) AS identity,
        CASE c.relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
            ELSE 'table' END AS kind
    FROM pg_class c
    JOIN space ON space.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND c.oid = ANY ($1::oid[]) -- given
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
      AND con.conrelid = ANY ($1::oid[]) -- given
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
    row_to_json(facets)::text AS definition
FROM constrained con
CROSS JOIN LATERAL (
    SELECT
        CASE con.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
            WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' ELSE 'not null' END AS type,
        left(pg_get_constraintdef(con.oid), coalesce(-nullif(length(con.state), 0), 1000000000)) AS definition,
        con.convalidated AS validated,
        con.conenforced AS enforced, -- since 18
        con.condeferrable AS "deferrable",
        con.condeferred AS "deferred",
        CASE WHEN con.contype IN ('c', 'n') AND con.connoinherit THEN true END AS "no inherit",
        con.states AS triggers,
        CASE WHEN con.conparentid = 0 THEN nullif(con.coninhcount, 0) END AS inherited,
        CASE WHEN con.conparentid = 0 THEN nullif(con.conislocal, true) END AS "local",
        con.comment
) AS facets

UNION ALL

SELECT
    'index',
    t.space || '.' || quote_ident(c.relname),
    CASE WHEN con.oid IS NULL THEN t.kind ELSE 'constraint' END,
    concat(t.identity, '.' || quote_ident(con.conname)),
    row_to_json(facets)::text
FROM relation t
JOIN pg_index i ON i.indrelid = t.oid
JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint con
    ON con.conindid = c.oid AND con.conrelid = t.oid AND con.contype IN ('p', 'u', 'x') AND con.conparentid = 0
LEFT JOIN pg_description note ON note.objoid = c.oid AND note.classoid = 'pg_class'::regclass AND note.objsubid = 0
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN con.oid IS NULL THEN i.indisunique END AS "unique",
        CASE WHEN con.oid IS NULL THEN substr(pg_get_indexdef(c.oid), 1 + length(concat(
            'CREATE ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, 'INDEX ', quote_ident(c.relname), ' ON ',
            CASE WHEN c.relkind = 'I' THEN 'ONLY ' END, t.identity, ' USING '
        ))) END AS definition,
        CASE WHEN con.oid IS NOT NULL AND c.reloptions IS NOT NULL THEN
            (SELECT json_agg(o ORDER BY o) FROM unnest(c.reloptions) o) END AS options,
        i.indisvalid AS valid,
        i.indisready AS ready,
        nullif(i.indislive, true) AS live,
        nullif(i.indisclustered, false) AS clustered,
        nullif(i.indisreplident, false) AS "replica identity",
        CASE WHEN c.relispartition THEN
            (SELECT p.inhparent::regclass::text FROM pg_inherits p WHERE p.inhrelid = c.oid) END AS "partition of",
        CASE WHEN c.reltablespace <> 0 THEN
            (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace) END AS tablespace,
        CASE WHEN i.indexprs IS NOT NULL THEN (
            SELECT json_object_agg(a.attname, a.attstattarget ORDER BY a.attnum)
            FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attstattarget >= 0
        ) END AS statistics,
        note.description AS comment
) AS facets
