-- case: function
-- change
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
-- expect: added function public.f(x integer)
-- undo
DROP FUNCTION f;

-- case: function body
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
-- change
CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
-- expect: changed function public.f(x integer): source
-- undo
CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';

-- case: function attributes
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
-- change
ALTER FUNCTION f IMMUTABLE STRICT SECURITY DEFINER PARALLEL SAFE COST 7 SET work_mem = '1MB';
-- expect: changed function public.f(x integer): cost, parallel, security definer, settings, strict, volatility
-- undo
ALTER FUNCTION f VOLATILE CALLED ON NULL INPUT SECURITY INVOKER PARALLEL UNSAFE COST 100 RESET work_mem;

-- case: function overload
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
-- change
CREATE FUNCTION f(x text) RETURNS text LANGUAGE sql AS 'SELECT x';
-- expect: added function public.f(x text)
-- undo
DROP FUNCTION f(text);

-- case: function renamed
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
-- change
ALTER FUNCTION f RENAME TO g;
-- expect: renamed function public.g(x integer) <- public.f(x integer)
-- undo
ALTER FUNCTION g RENAME TO f;

-- case: function grant
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
-- change
REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;
-- expect: changed function public.f(x integer): privileges
-- undo
GRANT EXECUTE ON FUNCTION f TO PUBLIC;

-- case: function in standard SQL
-- change
CREATE FUNCTION f(x int DEFAULT 3) RETURNS TABLE (a int) BEGIN ATOMIC SELECT x; END;
-- expect: added function public.f(x integer)
-- undo
DROP FUNCTION f;

-- case: procedure
-- change
CREATE PROCEDURE pr() LANGUAGE sql AS '';
-- expect: added procedure public.pr()
-- undo
DROP PROCEDURE pr;

-- case: aggregate
-- change
CREATE AGGREGATE ag(int) (sfunc = int4pl, stype = int, initcond = '0');
-- expect: added aggregate public.ag(integer)
-- undo
DROP AGGREGATE ag(int);

-- case: aggregate state
CREATE AGGREGATE ag(int) (sfunc = int4pl, stype = int, initcond = '0');
-- change
CREATE OR REPLACE AGGREGATE ag(int) (sfunc = int4pl, stype = int, initcond = '1');
-- expect: changed aggregate public.ag(integer): aggregate
-- undo
CREATE OR REPLACE AGGREGATE ag(int) (sfunc = int4pl, stype = int, initcond = '0');
