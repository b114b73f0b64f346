"""What a DBA wants to know of each statement: locks, rewrites, scans, rows, WAL and sizes, each fact with its source.

Four sources, since none sees everything (tried, see docs/trials.md): the session's own pg_locks and counters at the end of
each statement (exact within a transaction), event triggers (definitions that commit by themselves), a second session that
looks on from outside (builds that run CONCURRENTLY), and what a counter or a new file cannot have come from but a lock.
"""
