-- Languages, transforms, event triggers and access methods.
--
-- asked when: EXISTS (SELECT FROM pg_language WHERE lanispl AND (oid >= 16384 OR lanacl IS NOT NULL))
--     OR EXISTS (SELECT FROM pg_event_trigger)
--     OR EXISTS (SELECT FROM pg_transform) OR EXISTS (SELECT FROM pg_am WHERE oid >= 16384)
--
-- Result: kind, identity, parent_kind, parent_identity, definition (JSON text; a facet that is absent or null has its default).
-- search_path must be pg_catalog, so that every name is qualified. Lines that end in "since N" need PostgreSQL N.

SELECT
    'language', quote_ident(l.lanname), NULL, NULL,
    json_build_object(
        'trusted', l.lanpltrusted,
        'handler', nullif(l.lanplcallfoid, 0)::regprocedure::text,
        'inline', nullif(l.laninline, 0)::regprocedure::text,
        'validator', nullif(l.lanvalidator, 0)::regprocedure::text,
        'owner', pg_get_userbyid(l.lanowner),
        'privileges', CASE
            WHEN l.lanacl @> acldefault('l', l.lanowner) AND l.lanacl <@ acldefault('l', l.lanowner) THEN NULL
            WHEN l.lanacl IS NOT NULL THEN (SELECT coalesce(json_agg(a::text ORDER BY a::text), '[]') FROM unnest(l.lanacl) a)
        END,
        'comment', note.description
    )::text
FROM pg_language l
LEFT JOIN pg_description note ON note.objoid = l.oid AND note.classoid = 'pg_language'::regclass
WHERE l.lanispl
  -- A language that an extension brought (plpgsql is one) is listed only for grants of its own.
  AND (NOT (l.lanacl @> acldefault('l', l.lanowner) AND l.lanacl <@ acldefault('l', l.lanowner))
    OR NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_language'::regclass AND d.objid = l.oid AND d.deptype = 'e'
  ))

UNION ALL

SELECT
    'transform', 'FOR ' || format_type(t.trftype, NULL) || ' LANGUAGE ' || quote_ident(l.lanname), NULL, NULL,
    json_build_object(
        'from sql', nullif(t.trffromsql::oid, 0)::regprocedure::text,
        'to sql', nullif(t.trftosql::oid, 0)::regprocedure::text,
        'comment', note.description
    )::text
FROM pg_transform t
JOIN pg_language l ON l.oid = t.trflang
LEFT JOIN pg_description note ON note.objoid = t.oid AND note.classoid = 'pg_transform'::regclass
WHERE NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_transform'::regclass AND d.objid = t.oid AND d.deptype = 'e'
)

UNION ALL

SELECT
    'event trigger', quote_ident(t.evtname), NULL, NULL,
    json_build_object(
        'event', t.evtevent,
        'tags', (SELECT json_agg(tag ORDER BY tag) FROM unnest(t.evttags) tag WHERE t.evttags IS NOT NULL),
        'function', t.evtfoid::regprocedure::text,
        'enabled', t.evtenabled,
        'owner', pg_get_userbyid(t.evtowner),
        'comment', note.description
    )::text
FROM pg_event_trigger t
JOIN pg_proc f ON f.oid = t.evtfoid
JOIN pg_namespace n ON n.oid = f.pronamespace AND n.nspname <> :'own_schema'
LEFT JOIN pg_description note ON note.objoid = t.oid AND note.classoid = 'pg_event_trigger'::regclass
WHERE NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'e'
)

UNION ALL

SELECT
    'access method', quote_ident(m.amname), NULL, NULL,
    json_build_object(
        'handler', m.amhandler::oid::regprocedure::text,
        'type', m.amtype,
        'comment', note.description
    )::text
FROM pg_am m
LEFT JOIN pg_description note ON note.objoid = m.oid AND note.classoid = 'pg_am'::regclass
WHERE m.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_am'::regclass AND d.objid = m.oid AND d.deptype = 'e')
