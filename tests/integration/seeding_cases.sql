-- Schemas that seeding must fill, one after each "-- case:" line; "rows" lists tables that cannot hold the usual number.

-- case: serial
CREATE TABLE t (id serial PRIMARY KEY, v text);

-- case: identity always
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5) PRIMARY KEY, v text);

-- case: descending sequence
CREATE SEQUENCE s INCREMENT -1;
CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'));

-- case: only an identity
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);

-- case: no column
CREATE TABLE t ();

-- case: only generated columns
CREATE TABLE t (g int GENERATED ALWAYS AS (1) STORED);

-- case: generated column
CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a < 1000), b int GENERATED ALWAYS AS (a * 2) STORED);

-- case: check over a generated column
CREATE TABLE t (a int NOT NULL, b bigint GENERATED ALWAYS AS (a::bigint * 2) STORED CHECK (b < 100));

-- case: no key
CREATE TABLE t (a int, b text);

-- case: unlogged
CREATE UNLOGGED TABLE t (a int);

-- case: quoted and reserved
CREATE TABLE "select" ("order" serial PRIMARY KEY, "Weird "" Name%s" text UNIQUE, "a__b" int, "é" text NOT NULL);

-- case: quoted schema
CREATE SCHEMA "My Schema";
CREATE TABLE "My Schema"."T.t" (id uuid PRIMARY KEY, p uuid REFERENCES "My Schema"."T.t");

-- case: wide
DO $$BEGIN EXECUTE 'CREATE TABLE t (' || (SELECT string_agg(format('c%s int', i), ', ') FROM generate_series(1,
    1500) i) || ')'; END$$;

-- case: unique boolean; rows public.t=2
CREATE TABLE t (b boolean NOT NULL UNIQUE);

-- case: unique enum; rows public.t=3
CREATE TYPE m AS ENUM ('a','b','c');
CREATE TABLE t (m m PRIMARY KEY);

-- case: composite unique
CREATE TABLE t (a boolean NOT NULL, b text NOT NULL, UNIQUE (a, b));

-- case: narrow composite unique; rows public.t=4
CREATE TABLE t (a boolean NOT NULL, b boolean NOT NULL, UNIQUE (a, b));

-- case: partial unique
CREATE TABLE t (o int, d timestamptz, n text NOT NULL);
CREATE UNIQUE INDEX ON t (n) WHERE d IS NULL;

-- case: one default each
CREATE TABLE o (id serial PRIMARY KEY);
CREATE TABLE t (o int NOT NULL REFERENCES o, d boolean NOT NULL);
CREATE UNIQUE INDEX ON t (o) WHERE d;

-- case: unique expression
CREATE TABLE t (email text NOT NULL, n text);
CREATE UNIQUE INDEX ON t (lower(email));
CREATE UNIQUE INDEX ON t (lower(btrim(n)));

-- case: unique expression of two
CREATE TABLE t (a text NOT NULL, b text);
CREATE UNIQUE INDEX ON t (a, coalesce(b, ''));

-- case: deferrable unique
CREATE TABLE t (p int NOT NULL, UNIQUE (p) DEFERRABLE INITIALLY DEFERRED);

-- case: unique char(2)
CREATE TABLE t (c char(2) PRIMARY KEY);

-- case: unique numeric
CREATE TABLE t (c numeric(4,2) PRIMARY KEY);

-- case: unique varchar(1)
CREATE TABLE t (c varchar(1) PRIMARY KEY);

-- case: nondeterministic collation
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE t (c text COLLATE ci UNIQUE NOT NULL);

-- case: exclusion by range
CREATE EXTENSION btree_gist;
CREATE TABLE t (room int NOT NULL, during tstzrange NOT NULL, EXCLUDE USING gist (room WITH =, during WITH &&));

-- case: exclusion by expression
CREATE TABLE t (a date NOT NULL, b date NOT NULL, EXCLUDE USING gist (daterange(a, b) WITH &&));

-- case: exclusion with a condition
CREATE TABLE t (r int4range, cancelled boolean, EXCLUDE USING gist (r WITH &&) WHERE (NOT cancelled));

-- case: exclusion of circles
CREATE TABLE t (c circle, EXCLUDE USING gist (c WITH &&));

-- case: self reference
CREATE TABLE t (id serial PRIMARY KEY, parent int REFERENCES t);

-- case: self reference not null
CREATE TABLE t (id serial PRIMARY KEY, parent int NOT NULL REFERENCES t);

-- case: not one's own parent
CREATE TABLE t (id serial PRIMARY KEY, parent int REFERENCES t, CHECK (parent <> id));

-- case: self reference by tenant
CREATE TABLE t (tenant int CHECK (tenant BETWEEN 1 AND 3), id int, parent int, PRIMARY KEY (tenant, id), FOREIGN KEY
    (tenant, parent) REFERENCES t);

-- case: one to one
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY REFERENCES a, v text);

-- case: many to many
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY);
CREATE TABLE ab (a int REFERENCES a, b int REFERENCES b, PRIMARY KEY (a, b));

-- case: dense many to many; rows public.a=2 public.b=2 public.ab=4
CREATE TABLE a (x boolean PRIMARY KEY);
CREATE TABLE b (x boolean PRIMARY KEY);
CREATE TABLE ab (a boolean REFERENCES a, b boolean REFERENCES b, PRIMARY KEY (a, b));

-- case: composite key shared by two
CREATE TABLE tenant (id serial PRIMARY KEY);
CREATE TABLE usr (tenant int REFERENCES tenant, id int, PRIMARY KEY (tenant, id));
CREATE TABLE prj (tenant int REFERENCES tenant, id int, PRIMARY KEY (tenant, id));
CREATE TABLE t (tenant int NOT NULL REFERENCES tenant, u int, p int, FOREIGN KEY (tenant, u) REFERENCES usr, FOREIGN
    KEY (tenant, p) REFERENCES prj);

-- case: match full
CREATE TABLE a (x int, y int, PRIMARY KEY (x, y));
CREATE TABLE b (x int, y int, FOREIGN KEY (x, y) REFERENCES a MATCH FULL);

-- case: nullable circle
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;

-- case: circle not null
CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL);
CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL UNIQUE REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;

-- case: circle of three
CREATE TABLE a (id serial PRIMARY KEY, c int NOT NULL);
CREATE TABLE b (id serial PRIMARY KEY, a int NOT NULL REFERENCES a);
CREATE TABLE c (id serial PRIMARY KEY, b int NOT NULL REFERENCES b);
ALTER TABLE a ADD FOREIGN KEY (c) REFERENCES c DEFERRABLE;

-- case: reference to a unique key
CREATE TABLE a (id serial PRIMARY KEY, code varchar(8) UNIQUE);
CREATE TABLE b (code varchar(8) NOT NULL REFERENCES a (code));

-- case: list partitions
CREATE TABLE t (r text NOT NULL, v int) PARTITION BY LIST (r);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('eu','uk');
CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('us');
CREATE TABLE td PARTITION OF t DEFAULT;

-- case: list partition of null
CREATE TABLE t (r int) PARTITION BY LIST (r);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1, 2);
CREATE TABLE t2 PARTITION OF t FOR VALUES IN (NULL);

-- case: range partitions
CREATE TABLE t (id bigserial, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE t2 PARTITION OF t FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE t3 PARTITION OF t FOR VALUES FROM ('2024-03-01') TO ('2024-04-01');
CREATE TABLE t4 PARTITION OF t FOR VALUES FROM ('2024-04-01') TO ('2024-05-01');
CREATE TABLE t5 PARTITION OF t FOR VALUES FROM ('2024-05-01') TO ('2024-06-01');
CREATE TABLE t6 PARTITION OF t FOR VALUES FROM ('2024-06-01') TO ('2024-07-01');
CREATE TABLE t7 PARTITION OF t FOR VALUES FROM ('2024-07-01') TO ('2024-08-01');
CREATE TABLE t8 PARTITION OF t FOR VALUES FROM ('2024-08-01') TO ('2024-09-01');
CREATE TABLE t9 PARTITION OF t FOR VALUES FROM ('2024-09-01') TO ('2024-10-01');
CREATE TABLE t10 PARTITION OF t FOR VALUES FROM ('2024-10-01') TO ('2024-11-01');
CREATE TABLE t11 PARTITION OF t FOR VALUES FROM ('2024-11-01') TO ('2024-12-01');

-- case: range partitions of a serial
CREATE TABLE t (id serial PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (1000);
CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000) TO (2000);

-- case: hash partitions
CREATE TABLE t (id uuid PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE t2 PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE t3 PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 3);

-- case: sub-partitions
CREATE TABLE t (r text NOT NULL, at date NOT NULL) PARTITION BY LIST (r);
CREATE TABLE eu PARTITION OF t FOR VALUES IN ('eu') PARTITION BY RANGE (at);
CREATE TABLE eu24 PARTITION OF eu FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE eud PARTITION OF eu DEFAULT;
CREATE TABLE us PARTITION OF t FOR VALUES IN ('us');

-- case: two-column range
CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a, b);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1, 5) TO (10, 2);
CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10, 2) TO (20, MAXVALUE);

-- case: reference to a partitioned table
CREATE TABLE t (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t DEFAULT;
CREATE TABLE c (t int NOT NULL REFERENCES t);

-- case: inherited child
CREATE TABLE p (id serial PRIMARY KEY, v text NOT NULL);
CREATE TABLE c (w int CHECK (w > 5)) INHERITS (p);

-- case: in a list
CREATE TABLE t (s varchar(10) NOT NULL CHECK (s IN ('new','old')), n int CHECK (n = ANY (ARRAY[3, 5])));

-- case: bounds
CREATE TABLE t (a int NOT NULL CHECK (a BETWEEN 100000 AND 100010), r numeric(5,4) NOT NULL CHECK (r >= 0 AND r <=
    1), f float8 CHECK (f > 1e6));

-- case: lengths
CREATE TABLE t (a text NOT NULL CHECK (length(a) >= 300), b varchar(50) NOT NULL CHECK (char_length(b) = 13) UNIQUE,
    c text CHECK (c <> ''));

-- case: patterns
CREATE TABLE t (a text NOT NULL CHECK (a ~ '^[A-Z]{2}-[0-9]{4}$') UNIQUE, b text NOT NULL CHECK (b LIKE 'x%y_z'), c
    text NOT NULL CHECK (c ~* '^https?://[a-z.]+/'), d text NOT NULL CHECK (d = lower(d)));

-- case: email pattern
CREATE TABLE t (email text NOT NULL UNIQUE CHECK (email ~* '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]{2,}$'));

-- case: ordered columns
CREATE TABLE t (a date NOT NULL, b date NOT NULL, x int NOT NULL, y int, CHECK (a < b), CHECK (x <= y));

-- case: one of several
CREATE TABLE t (a int, b text, c uuid, CHECK (num_nonnulls(a, b, c) = 1));

-- case: both or none
CREATE TABLE t (a int, b text, CHECK ((a IS NULL) = (b IS NULL)));

-- case: alternatives
CREATE TABLE t (kind text NOT NULL, x int, y text, CHECK ((kind = 'alpha' AND x IS NOT NULL AND y IS NULL) OR (kind
    = 'beta' AND x IS NULL AND y IS NOT NULL)));

-- case: one of two references
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY);
CREATE TABLE t (a int REFERENCES a, b int REFERENCES b, CHECK (num_nonnulls(a, b) = 1));

-- case: documents
CREATE TABLE t (a jsonb NOT NULL CHECK (jsonb_typeof(a) = 'object'), b jsonb NOT NULL CHECK (b ? 'kind' AND b ->>
    'kind' IN ('x','y')), c json CHECK (json_typeof(c) = 'array'));

-- case: arrays
CREATE TABLE t (a int[] NOT NULL CHECK (cardinality(a) = 3), b text[] NOT NULL CHECK (b <@ ARRAY['r','w']), c text[]
    CHECK (array_length(c, 1) <= 2));

-- case: unreadable alone
CREATE FUNCTION even(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i % 2 = 0';
CREATE TABLE t (a int NOT NULL CHECK (even(a)), b int CHECK (b IS NULL OR even(b)));

-- case: unreadable together
CREATE FUNCTION apart(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT (a - b) % 3 <> 0';
CREATE TABLE t (a int NOT NULL CHECK (a BETWEEN 0 AND 9), b int NOT NULL CHECK (b BETWEEN 0 AND 9), CHECK (apart(a, b)));

-- case: raising check
CREATE FUNCTION strict(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF i < 5 THEN RAISE 'too small';
    END IF; RETURN true; END$$;
CREATE TABLE t (a int NOT NULL CHECK (strict(a)));

-- case: case
CREATE TABLE t (s text NOT NULL CHECK (s IN ('open','done')), at timestamptz, CHECK (CASE WHEN s = 'done' THEN at IS
    NOT NULL ELSE at IS NULL END));

-- case: the past
CREATE TABLE t (at timestamptz NOT NULL CHECK (at <= now()), d date NOT NULL CHECK (d > '2020-01-01'::date AND d <
    '2020-02-01'::date));

-- case: checked serial
CREATE TABLE t (id serial PRIMARY KEY CHECK (id > 0), v int);

-- case: checked key
CREATE TABLE t (id int PRIMARY KEY CHECK (id >= 1000));

-- case: domains
CREATE DOMAIN pos AS int CHECK (VALUE > 0); CREATE DOMAIN code AS varchar(6) NOT NULL CHECK (VALUE ~ '^[a-z]{3}[0-9]*$');
CREATE TABLE t (a pos, b code, c pos[], d code UNIQUE);

-- case: raising trigger
CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
CREATE TABLE t (a int);
CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION no();

-- case: row security
CREATE TABLE t (a int);
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- case: extensions
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE EXTENSION vector;
CREATE TABLE t (c citext UNIQUE NOT NULL, h hstore, l ltree, v vector(3), d citext CHECK (d IN ('a','b')));

-- case: composite types
CREATE TYPE addr AS (street text, no int);
CREATE TABLE t (a addr, b addr[] NOT NULL);

-- case: array of boxes
CREATE TABLE t (b box[] NOT NULL);
