"""An example of every check, from chains that run: the bad script, what `verify` says of it, and the good one."""
