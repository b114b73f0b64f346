"""Experiments on copies of a walked database: the walk's own (order, writes), and those that --trial asks for."""

from __future__ import annotations

TRIALS: dict[str, str] = {
    "locks": "what each statement locks, rewrites, scans and writes (MC601 to MC605, MC609)",
    "queue": "how long others wait behind the step when one reader is open (MC608)",
    "growth": "the step at several sizes, and what that means at production size (MC606, MC607)",
    "skew": "statements of the old application on the new schema, and the other way round (MC801)",
    "crash": "killed at each statement: what is left, and whether running it again reaches the goal (MC701, MC702)",
    "runners": "two runners at once, and a lock that is met once (MC703)",
    "traffic": "a workload that reads and writes while the step runs (MC701)",
}
"""The words of `--trial`, in the order in which they are made. Each is the module of that name: `trial(settings)`."""
