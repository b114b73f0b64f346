-- Functions, procedures, window functions and aggregates.
--
-- asked when: EXISTS (SELECT FROM pg_proc WHERE oid >= 16384)
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

WITH space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
)
SELECT
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window function'
        ELSE 'function' END AS kind,
    space.name || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS identity,
    'schema' AS parent_kind,
    space.name AS parent_identity,
    json_build_object(
        'arguments', pg_get_function_arguments(p.oid),
        'result', pg_get_function_result(p.oid),
        'language', l.lanname,
        'source', CASE WHEN p.prokind <> 'a' AND p.prosqlbody IS NULL THEN p.prosrc END,
        'body', pg_get_function_sqlbody(p.oid),
        'library', p.probin,
        'volatility', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
        'strict', p.proisstrict,
        'security definer', p.prosecdef,
        'leakproof', p.proleakproof,
        'parallel', CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
        'cost', p.procost,
        'rows', p.prorows,
        'support', nullif(p.prosupport::oid, 0)::regproc::text,
        'settings', (SELECT json_agg(s ORDER BY s) FROM unnest(p.proconfig) s WHERE p.proconfig IS NOT NULL),
        'transforms', (
            SELECT json_agg(format_type(t, NULL) ORDER BY format_type(t, NULL))
            FROM unnest(p.protrftypes) t
            WHERE p.protrftypes IS NOT NULL
        ),
        'aggregate', CASE WHEN p.prokind = 'a' THEN (
            SELECT json_build_array(
                g.aggkind, g.aggtransfn::oid::regprocedure, nullif(g.aggfinalfn::oid, 0)::regprocedure,
                nullif(g.aggcombinefn::oid, 0)::regprocedure, nullif(g.aggserialfn::oid, 0)::regprocedure,
                nullif(g.aggdeserialfn::oid, 0)::regprocedure, nullif(g.aggmtransfn::oid, 0)::regprocedure,
                nullif(g.aggminvtransfn::oid, 0)::regprocedure, nullif(g.aggmfinalfn::oid, 0)::regprocedure,
                g.aggfinalextra, g.aggmfinalextra, g.aggfinalmodify, g.aggmfinalmodify, nullif(g.aggsortop, 0)::regoperator,
                format_type(g.aggtranstype, NULL), g.aggtransspace, nullif(g.aggmtranstype, 0)::regtype, g.aggmtransspace,
                g.agginitval, g.aggminitval
            )
            FROM pg_aggregate g
            WHERE g.aggfnoid = p.oid
        ) END,
        'owner', pg_get_userbyid(p.proowner),
        'privileges', CASE
            WHEN p.proacl @> acldefault('f', p.proowner) AND p.proacl <@ acldefault('f', p.proowner) THEN NULL
            WHEN p.proacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(p.proacl) a)
        END,
        'comment', note.description
    )::text AS definition
FROM pg_proc p
JOIN space ON space.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_description note ON note.objoid = p.oid AND note.classoid = 'pg_proc'::regclass
WHERE p.oid >= 16384
  AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')
  )
