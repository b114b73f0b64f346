-- Every foreign key: which table it is of, which one it refers to, and whether an index supports it.
--
-- An index does when it is valid, covers all rows, and begins with just the columns of the key, in any order: then a DELETE or
-- UPDATE of a referenced row finds the rows that refer to it. Of a partitioned table's keys only the one that people declared.

SELECT
    quote_ident(k.conname),
    k.conrelid::int8,
    k.confrelid::int8,
    k.conkey,
    (
        SELECT array_agg(quote_ident(a.attname) ORDER BY key.place)
        FROM unnest(k.conkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.number
    ),
    EXISTS (
        SELECT FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_am m ON m.oid = c.relam
        WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
          AND (m.amname <> 'hash' OR cardinality(k.conkey) = 1) AND m.amname IN ('btree', 'hash', 'gist', 'spgist')
          AND i.indnkeyatts >= cardinality(k.conkey)
          AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
    )
FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND n.nspname <> 'migration_checks_own'
ORDER BY n.nspname, t.relname, k.conname
