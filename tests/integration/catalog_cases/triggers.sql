-- case: trigger
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- change
CREATE TRIGGER tr AFTER UPDATE OF a ON t FOR EACH ROW WHEN (NEW.b > 0) EXECUTE FUNCTION tf();
-- expect: added trigger public.t.tr
-- undo
DROP TRIGGER tr ON t;

-- case: trigger disabled
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
-- change
ALTER TABLE t DISABLE TRIGGER tr;
-- expect: changed trigger public.t.tr: enabled
-- undo
ALTER TABLE t ENABLE TRIGGER tr;

-- case: trigger definition
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
-- change
DROP TRIGGER tr ON t;
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION tf();
-- expect: changed trigger public.t.tr: definition
-- undo
DROP TRIGGER tr ON t;
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();

-- case: trigger renamed
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
-- change
ALTER TRIGGER tr ON t RENAME TO tr2;
-- expect: renamed trigger public.t.tr2 <- public.t.tr
-- undo
ALTER TRIGGER tr2 ON t RENAME TO tr;

-- case: constraint trigger
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- change
CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION tf();
-- expect: added trigger public.t.ct
-- undo
DROP TRIGGER ct ON t;

-- case: trigger on partitions
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- change
CREATE TRIGGER tr AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION tf();
-- expect: added trigger public.p.tr
-- undo
DROP TRIGGER tr ON p;

-- case: trigger disabled on one partition
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION tf();
-- change
ALTER TABLE p1 DISABLE TRIGGER tr;
-- expect: added trigger public.p1.tr
-- undo
ALTER TABLE p1 ENABLE TRIGGER tr;

-- case: rule
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
CREATE RULE ru AS ON DELETE TO t DO INSTEAD NOTHING;
-- expect: added rule public.t.ru
-- undo
DROP RULE ru ON t;

-- case: rule disabled
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE RULE ru AS ON DELETE TO t DO INSTEAD NOTHING;
-- change
ALTER TABLE t DISABLE RULE ru;
-- expect: changed rule public.t.ru: enabled
-- undo
ALTER TABLE t ENABLE RULE ru;

-- case: policy
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
CREATE POLICY po ON t FOR SELECT TO PUBLIC USING (b > 0);
-- expect: added policy public.t.po
-- undo
DROP POLICY po ON t;

-- case: policy changed
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE ROLE mc_r;
CREATE POLICY po ON t USING (b > 0);
-- change
ALTER POLICY po ON t TO mc_r USING (b > 1) WITH CHECK (true);
-- expect: changed policy public.t.po: roles, using, with check
-- undo
DROP POLICY po ON t;
CREATE POLICY po ON t USING (b > 0);

-- case: extended statistics
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
CREATE STATISTICS st (ndistinct) ON a, b FROM t;
-- expect: added statistics public.st
-- undo
DROP STATISTICS st;

-- case: extended statistics target
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE STATISTICS st ON a, b FROM t;
-- change
ALTER STATISTICS st SET STATISTICS 9;
-- expect: changed statistics public.st: target
-- undo
ALTER STATISTICS st SET STATISTICS -1;
