-- What each command of a definition leaves behind within its own transaction, also one that commits by itself.
--
-- Only a superuser may have event triggers. What they see is kept in a setting of the session, which is no write: no WAL, no
-- row, no lock. One JSON document a line: t the command, l the locks held, r relations described as look.sql does;
-- or o the table that is about to be rewritten, y why (bits, see pg_event_trigger_table_rewrite_reason in the manual).

CREATE FUNCTION migration_checks_own.kept(entry text) RETURNS void LANGUAGE sql
    SET search_path = pg_catalog
AS $$
    SELECT set_config(
        'migration_checks.seen',
        concat_ws(E'\n', nullif(current_setting('migration_checks.seen', true), ''), entry),
        false
    )
$$;

CREATE FUNCTION migration_checks_own.command_ended() RETURNS event_trigger LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM migration_checks_own.kept(json_build_object(
        't', tg_tag,
        'l', (SELECT json_agg(json_build_array(h.relation::int8, h.mode)) FROM migration_checks_own.held() h),
        'r', (
            SELECT json_agg(json_build_array(d.relation::int8, d.kind, d.name, d.file::int8, d.owner::int8))
            FROM migration_checks_own.described(false, ARRAY(SELECT h.relation FROM migration_checks_own.held() h)) d
        )
    )::text);
END
$$;

CREATE FUNCTION migration_checks_own.table_rewritten() RETURNS event_trigger LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM migration_checks_own.kept(json_build_object(
        'o', pg_event_trigger_table_rewrite_oid()::int8, 'y', pg_event_trigger_table_rewrite_reason()
    )::text);
END
$$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migration_checks_own TO PUBLIC;

CREATE EVENT TRIGGER migration_checks_command_ended ON ddl_command_end
    EXECUTE FUNCTION migration_checks_own.command_ended();
CREATE EVENT TRIGGER migration_checks_table_rewritten ON table_rewrite
    EXECUTE FUNCTION migration_checks_own.table_rewritten();
-- Also where a script sets session_replication_role to replica.
ALTER EVENT TRIGGER migration_checks_command_ended ENABLE ALWAYS;
ALTER EVENT TRIGGER migration_checks_table_rewritten ENABLE ALWAYS;
