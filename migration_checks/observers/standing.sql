-- Every relation of the database, with what a look at it is held against: its file, its size, its counters, its parents.
--
-- Result: relation, kind, name, file, table of an index, whether a partition, parents, scans, rows scanned, inserted,
-- updated, deleted, bytes (with indexes and TOAST), dead rows. search_path must be pg_catalog.

SELECT
    d.relation::int8,
    d.kind::text,
    d.name,
    d.file::int8,
    d.owner::int8,
    c.relispartition,
    (SELECT array_agg(i.inhparent::int8 ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = d.relation),
    pg_stat_get_numscans(d.relation),
    pg_stat_get_tuples_returned(d.relation),
    pg_stat_get_tuples_inserted(d.relation),
    pg_stat_get_tuples_updated(d.relation),
    pg_stat_get_tuples_deleted(d.relation),
    CASE WHEN d.kind IN ('r', 'm') THEN pg_total_relation_size(d.relation) END,
    CASE WHEN d.kind IN ('r', 'm') THEN pg_stat_get_dead_tuples(d.relation) END
FROM migration_checks_own.described(true, '{}') d
JOIN pg_class c ON c.oid = d.relation
ORDER BY d.relation
