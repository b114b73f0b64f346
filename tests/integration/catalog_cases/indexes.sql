-- case: index
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
CREATE INDEX i ON t (a);
-- expect: added index public.i
-- undo
DROP INDEX i;

-- case: index gone
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
DROP INDEX i;
-- expect: removed index public.i
-- undo
CREATE INDEX i ON t (a);

-- case: unique index
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
DROP INDEX i;
CREATE UNIQUE INDEX i ON t (a);
-- expect: changed index public.i: unique
-- undo
DROP INDEX i;
CREATE INDEX i ON t (a);

-- case: index columns
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
DROP INDEX i;
CREATE INDEX i ON t (a DESC NULLS LAST, lower(a)) INCLUDE (b);
-- expect: changed index public.i: definition
-- undo
DROP INDEX i;
CREATE INDEX i ON t (a);

-- case: partial index
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
DROP INDEX i;
CREATE INDEX i ON t (a) WHERE b > 0;
-- expect: changed index public.i: definition
-- undo
DROP INDEX i;
CREATE INDEX i ON t (a);

-- case: index method
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
DROP INDEX i;
CREATE INDEX i ON t USING hash (a);
-- expect: changed index public.i: definition
-- undo
DROP INDEX i;
CREATE INDEX i ON t (a);

-- case: index operator class
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
DROP INDEX i;
CREATE INDEX i ON t (a text_pattern_ops);
-- expect: changed index public.i: definition
-- undo
DROP INDEX i;
CREATE INDEX i ON t (a);

-- case: index options
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
ALTER INDEX i SET (fillfactor = 50);
-- expect: changed index public.i: definition
-- undo
ALTER INDEX i RESET (fillfactor);

-- case: constraint index options
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER INDEX t_pkey SET (fillfactor = 50);
-- expect: changed index public.t_pkey: options
-- undo
ALTER INDEX t_pkey RESET (fillfactor);

-- case: index statistics
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (lower(a));
-- change
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 500;
-- expect: changed index public.i: statistics
-- undo
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS -1;

-- case: index comment
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
COMMENT ON INDEX i IS 'x';
-- expect: changed index public.i: comment
-- undo
COMMENT ON INDEX i IS NULL;

-- case: clustered
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t CLUSTER ON t_pkey;
-- expect: changed index public.t_pkey: clustered
-- undo
ALTER TABLE t SET WITHOUT CLUSTER;

-- case: index renamed
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
ALTER INDEX i RENAME TO j;
-- expect: renamed index public.j <- public.i
-- undo
ALTER INDEX j RENAME TO i;

-- case: index renamed from a generated name
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX ON t (a, lower(a));
-- change
ALTER INDEX t_a_lower_idx RENAME TO j;
-- expect: renamed index public.j <- public.t_a_lower_idx cosmetic
-- undo
ALTER INDEX j RENAME TO t_a_lower_idx;

-- case: index renamed to SQLAlchemy's name
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX i ON t (a);
-- change
ALTER INDEX i RENAME TO ix_t_a;
-- expect: renamed index public.ix_t_a <- public.i cosmetic
-- undo
ALTER INDEX ix_t_a RENAME TO i;

-- case: name that says USING
CREATE TABLE t (a int);
CREATE INDEX "a USING b" ON t (a);
-- change
DROP INDEX "a USING b";
-- expect: removed index public."a USING b"
-- undo
CREATE INDEX "a USING b" ON t (a);
