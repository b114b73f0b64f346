-- What is in the catalog but does not do its work: invalid indexes, unvalidated constraints, disabled triggers.

SELECT kind, name, problem
FROM (
    SELECT 'index', quote_ident(n.nspname) || '.' || quote_ident(c.relname), 'invalid', n.nspname
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND i.indrelid >= 16384

    UNION ALL

    SELECT 'constraint', quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(k.conname),
        'not validated', n.nspname
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT k.convalidated AND k.conrelid >= 16384
      AND k.conenforced -- since 18

    UNION ALL

    SELECT 'trigger', quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(g.tgname),
        'disabled', n.nspname
    FROM pg_trigger g
    JOIN pg_class c ON c.oid = g.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE g.tgenabled = 'D' AND NOT g.tgisinternal AND g.tgrelid >= 16384
) AS found (kind, name, problem, space)
WHERE space <> 'migration_checks_own'
ORDER BY 1, 2, 3
