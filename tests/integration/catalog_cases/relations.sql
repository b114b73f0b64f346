-- case: sequence
-- change
CREATE SEQUENCE s;
-- expect: added sequence public.s
-- undo
DROP SEQUENCE s;

-- case: sequence options
CREATE SEQUENCE s;
-- change
ALTER SEQUENCE s INCREMENT 5 MINVALUE -9 MAXVALUE 99 CACHE 3 CYCLE START 2;
-- expect: changed sequence public.s: cache, cycle, increment, maximum, minimum, start
-- undo
ALTER SEQUENCE s INCREMENT 1 NO MINVALUE NO MAXVALUE CACHE 1 NO CYCLE START 1;

-- case: sequence type
CREATE SEQUENCE s;
-- change
ALTER SEQUENCE s AS smallint;
-- expect: changed sequence public.s: maximum, type
-- undo
ALTER SEQUENCE s AS bigint;

-- case: sequence position
CREATE SEQUENCE s;
-- change
SELECT setval('s', 77);
-- undo
SELECT setval('s', 1, false);

-- case: sequence ownership
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE SEQUENCE s;
-- change
ALTER SEQUENCE s OWNED BY t.b;
-- expect: changed sequence public.s: owned by
-- undo
ALTER SEQUENCE s OWNED BY NONE;

-- case: sequence renamed to a generated name
CREATE TABLE t (id serial);
-- change
ALTER SEQUENCE t_id_seq RENAME TO x;
-- expect: renamed sequence public.x <- public.t_id_seq cosmetic
-- undo
ALTER SEQUENCE x RENAME TO t_id_seq;

-- case: sequence grant
CREATE ROLE mc_r;
CREATE SEQUENCE s;
-- change
GRANT USAGE ON SEQUENCE s TO mc_r;
-- expect: changed sequence public.s: privileges
-- undo
REVOKE USAGE ON SEQUENCE s FROM mc_r;

-- case: view
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
CREATE VIEW v AS SELECT id FROM t;
-- expect: added view public.v
-- undo
DROP VIEW v;

-- case: view definition
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE VIEW v AS SELECT id FROM t;
-- change
CREATE OR REPLACE VIEW v AS SELECT id FROM t WHERE b > 0;
-- expect: changed view public.v: definition
-- undo
CREATE OR REPLACE VIEW v AS SELECT id FROM t;

-- case: view options
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE VIEW v AS SELECT id FROM t;
-- change
ALTER VIEW v SET (security_barrier, check_option = local);
-- expect: changed view public.v: options
-- undo
ALTER VIEW v RESET (security_barrier, check_option);

-- case: view columns
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE VIEW v AS SELECT id FROM t;
-- change
COMMENT ON COLUMN v.id IS 'x';
ALTER VIEW v ALTER id SET DEFAULT 3;
-- expect: changed view public.v: column comments, column defaults
-- undo
COMMENT ON COLUMN v.id IS NULL;
ALTER VIEW v ALTER id DROP DEFAULT;

-- case: view renamed
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE VIEW v AS SELECT id FROM t;
CREATE VIEW w AS SELECT id FROM v;
-- change
ALTER VIEW v RENAME TO v2;
-- expect: renamed view public.v2 <- public.v
-- undo
ALTER VIEW v2 RENAME TO v;

-- case: view of a renamed column
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE VIEW v AS SELECT a FROM t;
-- change
ALTER TABLE t RENAME a TO z;
-- expect: changed view public.v: definition
-- expect: renamed column public.t.z <- public.t.a
-- undo
ALTER TABLE t RENAME z TO a;

-- case: materialized view
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
CREATE UNIQUE INDEX mi ON m (id);
-- expect: added materialized view public.m +1
-- undo
DROP MATERIALIZED VIEW m;

-- case: materialized view without data
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
-- change
REFRESH MATERIALIZED VIEW m WITH NO DATA;
-- expect: changed materialized view public.m: populated
-- undo
REFRESH MATERIALIZED VIEW m;

-- case: materialized view columns
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
-- change
ALTER MATERIALIZED VIEW m ALTER id SET STATISTICS 7;
-- expect: changed materialized view public.m: column settings
-- undo
ALTER MATERIALIZED VIEW m ALTER id SET STATISTICS -1;
