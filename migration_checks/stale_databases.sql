-- Databases of dead runs, with the note that each run left: the name holds the run's token, and a living run holds an
-- advisory lock of that token (in whatever database it is connected to). Parameters: the mark that every database of the
-- toolkit carries as its connection limit, and the first half of the lock.
SELECT d.datname::text, shobj_description(d.oid, 'pg_database')
FROM pg_database d
WHERE d.datname ~ '^mc_[0-9a-f]{8}_[0-9]+_'
  AND d.datconnlimit = %(mark)s
  AND pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (
      SELECT FROM pg_locks l
      WHERE l.locktype = 'advisory' AND l.classid = %(lock)s AND l.objsubid = 2
        AND l.objid::int8 = ('x' || substr(d.datname, 4, 8))::bit(32)::int8
  )
