-- What reaches beyond the database: publications, subscriptions, foreign servers and their user mappings.
--
-- asked when: EXISTS (SELECT FROM pg_publication) OR EXISTS (SELECT FROM pg_foreign_data_wrapper)
--     OR EXISTS (SELECT FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

WITH space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', :'own_schema')
)
SELECT
    'publication', quote_ident(p.pubname), NULL, NULL,
    (to_jsonb(p) - ARRAY['oid', 'pubname', 'pubowner'] || jsonb_build_object(
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
    ))::text
FROM pg_publication p
LEFT JOIN pg_description note ON note.objoid = p.oid AND note.classoid = 'pg_publication'::regclass

UNION ALL

-- Of subscriptions only what everybody may read: connection strings hold passwords.
SELECT
    'subscription', quote_ident(s.subname), NULL, NULL,
    json_build_object(
        'enabled', s.subenabled,
        'publications', s.subpublications,
        'slot', s.subslotname,
        'synchronous commit', s.subsynccommit,
        'owner', pg_get_userbyid(s.subowner)
    )::text
FROM pg_subscription s
WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())

UNION ALL

SELECT
    'foreign data wrapper', quote_ident(w.fdwname), NULL, NULL,
    json_build_object(
        'handler', nullif(w.fdwhandler, 0)::regprocedure::text,
        'validator', nullif(w.fdwvalidator, 0)::regprocedure::text,
        'options', (SELECT json_agg(o ORDER BY o) FROM unnest(w.fdwoptions) o WHERE w.fdwoptions IS NOT NULL),
        'owner', pg_get_userbyid(w.fdwowner),
        'privileges', CASE
            WHEN w.fdwacl @> acldefault('F', w.fdwowner) AND w.fdwacl <@ acldefault('F', w.fdwowner) THEN NULL
            WHEN w.fdwacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(w.fdwacl) a)
        END,
        'comment', note.description
    )::text
FROM pg_foreign_data_wrapper w
LEFT JOIN pg_description note ON note.objoid = w.oid AND note.classoid = 'pg_foreign_data_wrapper'::regclass
WHERE NOT (w.fdwacl @> acldefault('F', w.fdwowner) AND w.fdwacl <@ acldefault('F', w.fdwowner)) OR NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid AND d.deptype = 'e'
)

UNION ALL

SELECT
    'foreign server', quote_ident(s.srvname), NULL, NULL,
    json_build_object(
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
    )::text
FROM pg_foreign_server s
JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
LEFT JOIN pg_description note ON note.objoid = s.oid AND note.classoid = 'pg_foreign_server'::regclass
WHERE NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_server'::regclass AND d.objid = s.oid AND d.deptype = 'e'
)

UNION ALL

-- Of passwords only the name: a reader of a report must not see them.
SELECT
    'user mapping', quote_ident(u.usename) || ' SERVER ' || quote_ident(u.srvname), 'foreign server', quote_ident(u.srvname),
    json_build_object(
        'options', (
            SELECT json_agg(
                CASE WHEN option ~* '^[^=]*(pass|secret|token)[^=]*=' THEN split_part(option, '=', 1) ELSE option END
                ORDER BY option
            )
            FROM unnest(u.umoptions) option
            WHERE u.umoptions IS NOT NULL
        )
    )::text
FROM pg_user_mappings u
