-- case: schema
-- change
CREATE SCHEMA s;
-- expect: added schema s
-- undo
DROP SCHEMA s;

-- case: schema with contents
-- change
CREATE SCHEMA s;
CREATE TABLE s.t (id serial PRIMARY KEY);
-- expect: added schema s +5
-- undo
DROP SCHEMA s CASCADE;

-- case: schema comment
-- change
COMMENT ON SCHEMA public IS 'x';
-- expect: changed schema public: comment
-- undo
COMMENT ON SCHEMA public IS 'standard public schema';

-- case: schema grant
CREATE ROLE mc_r;
-- change
GRANT CREATE ON SCHEMA public TO mc_r;
-- expect: changed schema public: privileges
-- undo
REVOKE CREATE ON SCHEMA public FROM mc_r;

-- case: schema owner
CREATE ROLE mc_r;
CREATE SCHEMA s;
-- change
ALTER SCHEMA s OWNER TO mc_r;
-- expect: changed schema s: owner
-- undo
ALTER SCHEMA s OWNER TO CURRENT_USER;

-- case: schema renamed
CREATE SCHEMA s;
CREATE TABLE s.t (id serial PRIMARY KEY);
CREATE VIEW s.v AS SELECT id FROM s.t;
-- change
ALTER SCHEMA s RENAME TO s2;
-- expect: renamed schema s2 <- s
-- undo
ALTER SCHEMA s2 RENAME TO s;

-- case: table
-- change
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- expect: added table public.t +5
-- undo
DROP TABLE t;

-- case: table gone
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
DROP TABLE t;
-- expect: removed table public.t +5
-- undo
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);

-- case: quoted names
-- change
CREATE TABLE "Weird "" Name" ("select" int PRIMARY KEY, "A.b" text);
-- expect: added table public."Weird "" Name" +4
-- undo
DROP TABLE "Weird "" Name";

-- case: quoted column
CREATE TABLE "Weird "" Name" ("select" int);
-- change
ALTER TABLE "Weird "" Name" ADD COLUMN "A.b" text;
-- expect: added column public."Weird "" Name"."A.b"
-- undo
ALTER TABLE "Weird "" Name" DROP COLUMN "A.b";

-- case: table renamed
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE INDEX ON t (a);
CREATE TABLE u (t int REFERENCES t (id));
CREATE VIEW v AS SELECT id FROM t;
-- change
ALTER TABLE t RENAME TO t2;
-- expect: renamed table public.t2 <- public.t
-- undo
ALTER TABLE t2 RENAME TO t;

-- case: table in another schema
CREATE SCHEMA s;
CREATE TABLE t (id serial PRIMARY KEY, a text);
CREATE INDEX ON t (a);
-- change
ALTER TABLE t SET SCHEMA s;
-- expect: renamed table s.t <- public.t
-- undo
ALTER TABLE s.t SET SCHEMA public;

-- case: table renamed and altered
CREATE TABLE t (id int, a int, b int, c int, d int);
-- change
ALTER TABLE t RENAME TO t2;
ALTER TABLE t2 ADD COLUMN e int;
-- expect: added column public.t2.e
-- expect: renamed table public.t2 <- public.t
-- undo
ALTER TABLE t2 DROP COLUMN e;
ALTER TABLE t2 RENAME TO t;

-- case: unlogged
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t SET UNLOGGED;
-- expect: changed table public.t: persistence
-- undo
ALTER TABLE t SET LOGGED;

-- case: unlogged with a sequence (since 15)
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);
-- change
ALTER TABLE t SET UNLOGGED;
-- expect: changed table public.t: persistence +1
-- undo
ALTER TABLE t SET LOGGED;

-- case: table options
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t SET (fillfactor = 70, toast.autovacuum_enabled = false);
-- expect: changed table public.t: options
-- undo
ALTER TABLE t RESET (fillfactor, toast.autovacuum_enabled);

-- case: table owner
CREATE ROLE mc_r;
CREATE TABLE t (id serial);
-- change
ALTER TABLE t OWNER TO mc_r;
-- expect: changed table public.t: owner +1
-- undo
ALTER TABLE t OWNER TO CURRENT_USER;

-- case: table grant
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE ROLE mc_r;
-- change
GRANT SELECT ON t TO mc_r;
-- expect: changed table public.t: privileges
-- undo
REVOKE SELECT ON t FROM mc_r;

-- case: grant on all the owner has
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
REVOKE ALL ON t FROM CURRENT_USER;
-- expect: changed table public.t: privileges
-- undo
GRANT ALL ON t TO CURRENT_USER;

-- case: row security
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- expect: changed table public.t: row security
-- undo
ALTER TABLE t DISABLE ROW LEVEL SECURITY;

-- case: forced row security
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t FORCE ROW LEVEL SECURITY;
-- expect: changed table public.t: force row security
-- undo
ALTER TABLE t NO FORCE ROW LEVEL SECURITY;

-- case: replica identity full
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t REPLICA IDENTITY FULL;
-- expect: changed table public.t: replica identity
-- undo
ALTER TABLE t REPLICA IDENTITY DEFAULT;

-- case: replica identity by index
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
-- expect: changed index public.t_pkey: replica identity
-- expect: changed table public.t: replica identity
-- undo
ALTER TABLE t REPLICA IDENTITY DEFAULT;

-- case: inherited table
CREATE TABLE parent (a int);
CREATE TABLE t (a int);
-- change
ALTER TABLE t INHERIT parent;
-- expect: changed column public.t.a: inherited
-- expect: changed table public.t: inherits
-- undo
ALTER TABLE t NO INHERIT parent;

-- case: column on parent and heir
CREATE TABLE parent (a int);
CREATE TABLE t () INHERITS (parent);
-- change
ALTER TABLE parent ADD COLUMN b int DEFAULT 1 CHECK (b > 0);
-- expect: added column public.parent.b +1
-- expect: added constraint public.parent.parent_b_check +1
-- undo
ALTER TABLE parent DROP COLUMN b;

-- case: typed table
CREATE TYPE ct AS (a int);
CREATE TABLE t (a int);
-- change
ALTER TABLE t OF ct;
-- expect: changed table public.t: of type
-- undo
ALTER TABLE t NOT OF;

-- case: partition
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
CREATE TABLE p3 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
-- expect: added table public.p3 +2
-- undo
DROP TABLE p3;

-- case: partitioned table
-- change
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX ON p (id);
ALTER TABLE p ADD PRIMARY KEY (id, at);
-- expect: added table public.p +15
-- undo
DROP TABLE p;

-- case: partition bound
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
ALTER TABLE p DETACH PARTITION p2;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2025-01-01') TO ('2027-01-01');
-- expect: changed table public.p2: partition bound
-- undo
ALTER TABLE p DETACH PARTITION p2;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

-- case: partition detached
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
ALTER TABLE p DETACH PARTITION p2;
-- expect: changed column public.p2.at: inherited, local
-- expect: changed column public.p2.id: inherited, local
-- expect: changed table public.p2: partition bound, partition of
-- undo
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

-- case: column of all partitions
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
ALTER TABLE p ADD COLUMN c int;
-- expect: added column public.p.c +2
-- undo
ALTER TABLE p DROP COLUMN c;

-- case: column type of all partitions
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
ALTER TABLE p ALTER COLUMN id TYPE bigint;
-- expect: changed column public.p.id: type +2
-- undo
ALTER TABLE p ALTER COLUMN id TYPE int;

-- case: default of one partition
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
ALTER TABLE p1 ALTER COLUMN id SET DEFAULT 1;
-- expect: changed column public.p1.id: default
-- undo
ALTER TABLE p1 ALTER COLUMN id DROP DEFAULT;

-- case: foreign key on partitions
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE p ADD FOREIGN KEY (id) REFERENCES t (id);
-- expect: added constraint public.p.p_id_fkey
-- undo
ALTER TABLE p DROP CONSTRAINT p_id_fkey;

-- case: foreign key to partitions
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE p ADD PRIMARY KEY (id, at);
CREATE TABLE u (id int, at date);
-- change
ALTER TABLE u ADD FOREIGN KEY (id, at) REFERENCES p;
-- expect: added constraint public.u.u_id_at_fkey
-- undo
ALTER TABLE u DROP CONSTRAINT u_id_at_fkey;

-- case: index on partitions
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
CREATE INDEX ON p (id);
-- expect: added index public.p_id_idx +2
-- undo
DROP INDEX p_id_idx;

-- case: index on the parent only
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
CREATE INDEX only_p ON ONLY p (id);
-- expect: added index public.only_p
-- undo
DROP INDEX only_p;

-- case: check on partitions
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- change
ALTER TABLE p ADD CONSTRAINT positive CHECK (id > 0);
-- expect: added constraint public.p.positive +2
-- undo
ALTER TABLE p DROP CONSTRAINT positive;

-- case: access of a foreign table
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE FOREIGN TABLE ft (a int) SERVER s;
-- change
ALTER FOREIGN TABLE ft OPTIONS (ADD x '1');
ALTER FOREIGN TABLE ft ALTER COLUMN a OPTIONS (ADD y '2');
-- expect: changed column public.ft.a: foreign options
-- expect: changed foreign table public.ft: foreign options
-- undo
ALTER FOREIGN TABLE ft OPTIONS (DROP x);
ALTER FOREIGN TABLE ft ALTER COLUMN a OPTIONS (DROP y);
