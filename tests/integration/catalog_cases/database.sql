-- case: extension
-- change
CREATE EXTENSION hstore;
-- expect: added extension hstore
-- undo
DROP EXTENSION hstore;

-- case: extension schema
CREATE EXTENSION hstore;
CREATE SCHEMA s;
-- change
ALTER EXTENSION hstore SET SCHEMA s;
-- expect: changed extension hstore: schema
-- undo
ALTER EXTENSION hstore SET SCHEMA public;

-- case: extension type in use
CREATE EXTENSION citext;
-- change
CREATE TABLE t (c citext);
-- expect: added table public.t +1
-- undo
DROP TABLE t;

-- case: default privileges
CREATE ROLE mc_r;
-- change
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO mc_r;
-- expect: added default privileges for {user} in public on tables
-- undo
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM mc_r;

-- case: publication
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
CREATE PUBLICATION pub FOR TABLE t;
-- expect: added publication pub
-- undo
DROP PUBLICATION pub;

-- case: publication tables
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE PUBLICATION pub;
-- change
ALTER PUBLICATION pub ADD TABLE t;
ALTER PUBLICATION pub SET (publish = 'insert');
-- expect: changed publication pub: pubdelete, pubtruncate, pubupdate, tables
-- undo
ALTER PUBLICATION pub DROP TABLE t;
ALTER PUBLICATION pub SET (publish = 'insert, update, delete, truncate');

-- case: publication columns and rows (since 15)
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
CREATE PUBLICATION pub FOR TABLE t;
-- change
ALTER PUBLICATION pub SET TABLE t (id) WHERE (id > 0);
-- expect: changed publication pub: tables
-- undo
ALTER PUBLICATION pub SET TABLE t;

-- case: publication schemas (since 15)
CREATE PUBLICATION pub;
-- change
ALTER PUBLICATION pub ADD TABLES IN SCHEMA public;
-- expect: changed publication pub: schemas
-- undo
ALTER PUBLICATION pub DROP TABLES IN SCHEMA public;

-- case: event trigger
CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
-- change
CREATE EVENT TRIGGER et ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION ef();
-- expect: added event trigger et
-- undo
DROP EVENT TRIGGER et;

-- case: text search
-- change
CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple);
CREATE TEXT SEARCH DICTIONARY td (TEMPLATE = simple, STOPWORDS = english);
-- expect: added text search configuration public.tc
-- expect: added text search dictionary public.td
-- undo
DROP TEXT SEARCH CONFIGURATION tc;
DROP TEXT SEARCH DICTIONARY td;

-- case: text search mapping
CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple);
-- change
ALTER TEXT SEARCH CONFIGURATION tc DROP MAPPING FOR email;
-- expect: changed text search configuration public.tc: mappings
-- undo
ALTER TEXT SEARCH CONFIGURATION tc ADD MAPPING FOR email WITH simple;

-- case: operator
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
-- change
CREATE OPERATOR @@@ (leftarg = int, rightarg = int, function = int4pl);
-- expect: added operator public.@@@(integer,integer)
-- undo
DROP OPERATOR @@@ (int, int);

-- case: operator class
-- change
CREATE OPERATOR CLASS oc FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int);
-- expect: added operator class public.oc USING hash
-- expect: added operator family public.oc USING hash
-- undo
DROP OPERATOR FAMILY oc USING hash;

-- case: cast
CREATE TYPE e AS ENUM ('a');
-- change
CREATE CAST (e AS text) WITH INOUT AS ASSIGNMENT;
-- expect: added cast (public.e AS text)
-- undo
DROP CAST (e AS text);

-- case: collation
-- change
CREATE COLLATION co (locale = 'C');
-- expect: added collation public.co
-- undo
DROP COLLATION co;

-- case: conversion
-- change
CREATE CONVERSION cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
-- expect: added conversion public.cv
-- undo
DROP CONVERSION cv;

-- case: foreign data
-- change
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'x');
CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'secret');
-- expect: added foreign data wrapper w
-- expect: added foreign server s +1
-- undo
DROP FOREIGN DATA WRAPPER w CASCADE;

-- case: foreign server options
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
-- change
ALTER SERVER s OPTIONS (ADD host 'x');
-- expect: changed foreign server s: options
-- undo
ALTER SERVER s OPTIONS (DROP host);

-- case: role
-- change
CREATE ROLE mc_r LOGIN;
-- expect: added role mc_r
-- undo
DROP ROLE mc_r;

-- case: role membership
CREATE ROLE mc_r;
CREATE ROLE mc_s;
-- change
GRANT mc_r TO mc_s WITH ADMIN OPTION;
ALTER ROLE mc_s CREATEDB;
-- expect: changed role mc_s: create database, member of
-- undo
REVOKE mc_r FROM mc_s;
ALTER ROLE mc_s NOCREATEDB;

-- case: database setting
-- change
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''7MB''', current_database()); END $$;
-- expect: added database setting work_mem
-- undo
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET work_mem', current_database()); END $$;

-- case: database comment
-- change
DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS ''x''', current_database()); END $$;
-- expect: changed database current: comment
-- undo
DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS NULL', current_database()); END $$;

-- case: language grant
-- change
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
-- expect: added language plpgsql
-- undo
GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC;

-- case: nothing
CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL DEFAULT 0);
-- change
UPDATE t SET b = 1;
ANALYZE t;
ALTER TABLE t ADD x int;
ALTER TABLE t DROP x;
-- undo
SELECT 1;
