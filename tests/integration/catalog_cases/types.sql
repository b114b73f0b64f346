-- case: enum
-- change
CREATE TYPE e AS ENUM ('a', 'b');
-- expect: added enum public.e
-- undo
DROP TYPE e;

-- case: enum label
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (e e);
-- change
ALTER TYPE e ADD VALUE 'c' BEFORE 'b';
-- expect: changed enum public.e: labels
-- undo
ALTER TYPE e RENAME TO e_;
CREATE TYPE e AS ENUM ('a', 'b');
ALTER TABLE t ALTER e TYPE e USING e::text::e;
DROP TYPE e_;

-- case: enum label renamed
CREATE TYPE e AS ENUM ('a', 'b');
-- change
ALTER TYPE e RENAME VALUE 'a' TO 'z';
-- expect: changed enum public.e: labels
-- undo
ALTER TYPE e RENAME VALUE 'z' TO 'a';

-- case: enum labels reordered
CREATE TYPE e AS ENUM ('a', 'b');
-- change
DROP TYPE e;
CREATE TYPE e AS ENUM ('b', 'a');
-- expect: changed enum public.e: labels
-- undo
DROP TYPE e;
CREATE TYPE e AS ENUM ('a', 'b');

-- case: enum renamed
CREATE TYPE e AS ENUM ('a');
CREATE TABLE t (e e DEFAULT 'a');
-- change
ALTER TYPE e RENAME TO e2;
-- expect: renamed enum public.e2 <- public.e
-- undo
ALTER TYPE e2 RENAME TO e;

-- case: enum made again
CREATE TYPE e AS ENUM ('a');
CREATE TABLE t (e e);
-- change
ALTER TYPE e RENAME TO o;
CREATE TYPE e AS ENUM ('a');
ALTER TABLE t ALTER e TYPE e USING e::text::e;
DROP TYPE o;

-- case: domain
-- change
CREATE DOMAIN d AS text DEFAULT 'x' NOT NULL CHECK (VALUE <> '');
-- expect: added domain public.d +1
-- undo
DROP DOMAIN d;

-- case: domain default
CREATE DOMAIN d AS int;
-- change
ALTER DOMAIN d SET DEFAULT 3;
ALTER DOMAIN d SET NOT NULL;
-- expect: changed domain public.d: default, not null
-- undo
ALTER DOMAIN d DROP DEFAULT;
ALTER DOMAIN d DROP NOT NULL;

-- case: composite type
CREATE TYPE c AS (a int);
-- change
ALTER TYPE c ADD ATTRIBUTE b text;
-- expect: changed composite type public.c: attributes
-- undo
ALTER TYPE c DROP ATTRIBUTE b;

-- case: composite type comment
CREATE TYPE c AS (a int);
-- change
COMMENT ON COLUMN c.a IS 'x';
-- expect: changed composite type public.c: attribute comments
-- undo
COMMENT ON COLUMN c.a IS NULL;

-- case: range type
-- change
CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi);
-- expect: added range type public.r
-- undo
DROP TYPE r;

-- case: shell type
-- change
CREATE TYPE sh;
-- expect: added type public.sh
-- undo
DROP TYPE sh;

-- case: type grant
CREATE ROLE mc_r;
CREATE TYPE e AS ENUM ();
-- change
REVOKE USAGE ON TYPE e FROM PUBLIC;
-- expect: changed enum public.e: privileges
-- undo
GRANT USAGE ON TYPE e TO PUBLIC;

-- case: type owner and comment
CREATE ROLE mc_r;
CREATE TYPE e AS ENUM ();
-- change
ALTER TYPE e OWNER TO mc_r;
COMMENT ON TYPE e IS 'x';
-- expect: changed enum public.e: comment, owner
-- undo
ALTER TYPE e OWNER TO CURRENT_USER;
COMMENT ON TYPE e IS NULL;
