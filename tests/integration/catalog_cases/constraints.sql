-- case: primary key
CREATE TABLE t (id int NOT NULL);
-- change
ALTER TABLE t ADD PRIMARY KEY (id);
-- expect: added constraint public.t.t_pkey +1
-- undo
ALTER TABLE t DROP CONSTRAINT t_pkey;

-- case: unique
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t ADD UNIQUE (a, b);
-- expect: added constraint public.t.t_a_b_key +1
-- undo
ALTER TABLE t DROP CONSTRAINT t_a_b_key;

-- case: unique nulls not distinct (since 15)
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
ALTER TABLE t ADD CONSTRAINT one UNIQUE (a);
-- change
ALTER TABLE t DROP CONSTRAINT one;
ALTER TABLE t ADD CONSTRAINT one UNIQUE NULLS NOT DISTINCT (a);
-- expect: changed constraint public.t.one: definition
-- undo
ALTER TABLE t DROP CONSTRAINT one;
ALTER TABLE t ADD CONSTRAINT one UNIQUE (a);

-- case: check
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t ADD CHECK (b > 0);
-- expect: added constraint public.t.t_b_check
-- undo
ALTER TABLE t DROP CONSTRAINT t_b_check;

-- case: check that says something else
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0);
-- change
ALTER TABLE t DROP CONSTRAINT ck;
ALTER TABLE t ADD CONSTRAINT ck CHECK (b >= 0);
-- expect: changed constraint public.t.ck: definition
-- undo
ALTER TABLE t DROP CONSTRAINT ck;
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0);

-- case: check no inherit
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0);
-- change
ALTER TABLE t DROP CONSTRAINT ck;
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0) NO INHERIT;
-- expect: changed constraint public.t.ck: no inherit
-- undo
ALTER TABLE t DROP CONSTRAINT ck;
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0);

-- case: validated
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0) NOT VALID;
-- change
ALTER TABLE t VALIDATE CONSTRAINT ck;
-- expect: changed constraint public.t.ck: validated
-- undo
ALTER TABLE t DROP CONSTRAINT ck;
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0) NOT VALID;

-- case: validated, not inherited
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0) NO INHERIT NOT VALID;
-- change
ALTER TABLE t VALIDATE CONSTRAINT ck;
-- expect: changed constraint public.t.ck: validated
-- undo
ALTER TABLE t DROP CONSTRAINT ck;
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 0) NO INHERIT NOT VALID;

-- case: foreign key
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE TABLE u (t int);
-- change
ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES t (id);
-- expect: added constraint public.u.u_t_fkey
-- undo
ALTER TABLE u DROP CONSTRAINT u_t_fkey;

-- case: foreign key action
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE TABLE u (t int CONSTRAINT fk REFERENCES t (id));
-- change
ALTER TABLE u DROP CONSTRAINT fk;
ALTER TABLE u ADD CONSTRAINT fk FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE;
-- expect: changed constraint public.u.fk: definition
-- undo
ALTER TABLE u DROP CONSTRAINT fk;
ALTER TABLE u ADD CONSTRAINT fk FOREIGN KEY (t) REFERENCES t (id);

-- case: foreign key deferrable
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE TABLE u (t int CONSTRAINT fk REFERENCES t (id));
-- change
ALTER TABLE u ALTER CONSTRAINT fk DEFERRABLE INITIALLY DEFERRED;
-- expect: changed constraint public.u.fk: deferrable, deferred
-- undo
ALTER TABLE u ALTER CONSTRAINT fk NOT DEFERRABLE;

-- case: foreign key not valid
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE TABLE u (t int);
-- change
ALTER TABLE u ADD CONSTRAINT fk FOREIGN KEY (t) REFERENCES t (id) DEFERRABLE NOT VALID;
-- expect: added constraint public.u.fk
-- undo
ALTER TABLE u DROP CONSTRAINT fk;

-- case: foreign key not enforced (since 18)
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE TABLE u (t int CONSTRAINT fk REFERENCES t (id));
-- change
ALTER TABLE u ALTER CONSTRAINT fk NOT ENFORCED;
-- expect: changed constraint public.u.fk: enforced, validated
-- undo
ALTER TABLE u ALTER CONSTRAINT fk ENFORCED;

-- case: foreign key disabled with its triggers
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE TABLE u (t int CONSTRAINT fk REFERENCES t (id));
-- change
ALTER TABLE u DISABLE TRIGGER ALL;
-- expect: changed constraint public.u.fk: triggers
-- undo
ALTER TABLE u ENABLE TRIGGER ALL;

-- case: exclusion
CREATE TABLE t (r int4range);
-- change
ALTER TABLE t ADD EXCLUDE USING gist (r WITH &&);
-- expect: added constraint public.t.t_r_excl +1
-- undo
ALTER TABLE t DROP CONSTRAINT t_r_excl;

-- case: constraint comment
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
COMMENT ON CONSTRAINT t_pkey ON t IS 'x';
-- expect: changed constraint public.t.t_pkey: comment
-- undo
COMMENT ON CONSTRAINT t_pkey ON t IS NULL;

-- case: constraint renamed to a generated name
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
ALTER TABLE t ADD CONSTRAINT one UNIQUE (a);
-- change
ALTER TABLE t RENAME CONSTRAINT one TO t_a_key1;
-- expect: renamed constraint public.t.t_a_key1 <- public.t.one cosmetic
-- undo
ALTER TABLE t RENAME CONSTRAINT t_a_key1 TO one;

-- case: constraint renamed
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
ALTER TABLE t ADD CONSTRAINT one UNIQUE (a);
-- change
ALTER TABLE t RENAME CONSTRAINT one TO two;
-- expect: renamed constraint public.t.two <- public.t.one
-- undo
ALTER TABLE t RENAME CONSTRAINT two TO one;

-- case: not null by name (since 18)
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t ADD CONSTRAINT a_is_there NOT NULL a;
-- expect: changed column public.t.a: not null +1
-- undo
ALTER TABLE t DROP CONSTRAINT a_is_there;

-- case: not null not valid (since 18)
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
ALTER TABLE t ADD CONSTRAINT a_is_there NOT NULL a NOT VALID;
-- expect: added constraint public.t.a_is_there
-- expect: changed column public.t.a: not null
-- undo
ALTER TABLE t DROP CONSTRAINT a_is_there;

-- case: not null no inherit (since 18)
CREATE TABLE t (a int NOT NULL);
-- change
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t ADD a int NOT NULL NO INHERIT;
-- expect: added constraint public.t.t_a_not_null
-- undo
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t ADD a int NOT NULL;

-- case: not null renamed by a table's new name (since 18)
CREATE TABLE t (a int NOT NULL);
-- change
ALTER TABLE t RENAME TO t2;
-- expect: renamed table public.t2 <- public.t
-- undo
ALTER TABLE t2 RENAME TO t;

-- case: domain constraint
CREATE DOMAIN d AS int;
-- change
ALTER DOMAIN d ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;
-- expect: added constraint public.d.positive
-- undo
ALTER DOMAIN d DROP CONSTRAINT positive;

-- case: domain constraint validated
CREATE DOMAIN d AS int;
ALTER DOMAIN d ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;
-- change
ALTER DOMAIN d VALIDATE CONSTRAINT positive;
-- expect: changed constraint public.d.positive: validated
-- undo
ALTER DOMAIN d DROP CONSTRAINT positive;
ALTER DOMAIN d ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;

-- case: temporal key (since 18)
CREATE EXTENSION btree_gist;
CREATE TABLE t (id int, during tstzrange);
-- change
ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (id, during WITHOUT OVERLAPS);
-- expect: added constraint public.t.pk +1
-- expect: changed column public.t.during: not null
-- expect: changed column public.t.id: not null
-- undo
ALTER TABLE t DROP CONSTRAINT pk, ALTER id DROP NOT NULL, ALTER during DROP NOT NULL;
