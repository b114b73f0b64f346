"""What a branch changed: the revisions whose scripts differ from what they were where the branch left a git reference."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from migration_checks.errors import ConfigurationError
from migration_checks.fields import shorten
from migration_checks.graph import Graph, Revision
from migration_checks.report import Note
from migration_checks.route import Route

HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Variables that git sets for its hooks: they would lead us to the wrong repository from another folder."""
LISTED = 12
"""How many revisions a note names one by one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs from `reference`: revisions that were added or `changed` since the branch left it at `bases` (commit ids).

    `unknown` are revisions whose scripts git does not know, `environments` the env.py files that differ too.
    """

    reference: str
    bases: tuple[str, ...]
    changed: frozenset[str]
    unknown: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


def difference(reference: str, revisions: Sequence[Revision]) -> Difference:
    """Which of `revisions` differ from the merge base of HEAD and `reference`, what is not committed included.

    A script counts by its content: one that was only moved or renamed has not changed. Raises ConfigurationError where git,
    the repository, the reference or the merge base is missing.
    """
    scripts = {revision.id: Path(revision.path).resolve() for revision in revisions if revision.path}
    repositories = _repositories(scripts.values())
    bases: list[str] = []
    changed: set[Path] = set()
    unknown: set[Path] = {script for script in scripts.values() if script.parent not in repositories}
    environments: list[str] = []
    for top in sorted(set(repositories.values())):
        repository = Repository(top)
        base = repository.merge_base(reference)
        here = sorted({script for script in scripts.values() if repositories.get(script.parent) == top})
        ignored = repository.ignored(here)
        blobs = repository.blobs(base)
        bases.append(base)
        unknown |= ignored
        changed |= repository.differing([script for script in here if script not in ignored], blobs)
        beside = {script.parent.parent / "env.py" for script in here if script not in ignored}
        beside = {path for path in beside if path.is_file() and path.is_relative_to(top)}
        environments += [str(path.relative_to(top)) for path in sorted(repository.differing(sorted(beside), blobs))]
    return Difference(
        reference,
        tuple(bases),
        frozenset(name for name, script in scripts.items() if script in changed),
        tuple(name for name, script in scripts.items() if script in unknown),
        tuple(environments),
    )


def _repositories(scripts: Iterable[Path]) -> dict[Path, Path]:
    """The top folder of the repository that each folder of scripts lies in. Raises ConfigurationError where none does."""
    found: dict[Path, Path] = {}
    why = "there is no revision script"
    for folder in sorted({script.parent for script in scripts}):
        status, output, complaint = _git(folder, "rev-parse", "--show-toplevel")
        if status == 0 and output.strip():
            found[folder] = Path(output.rstrip("\n")).resolve()
        else:
            why = complaint or "git found no working tree"
    if not found:
        remedy = "Leave --since out, or run it in a clone of the project's repository."
        if "dubious ownership" in why:
            remedy = "Run `git config --global --add safe.directory '*'` (or name the folder), as the user who runs this."
        raise ConfigurationError(
            f"What --since asks for cannot be told, for the scripts lie in no git repository: {why}.", remedy
        )
    return found


class Repository:
    """One git repository, by the top folder of its working tree."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def merge_base(self, reference: str) -> str:
        """The commit at which HEAD left `reference`. Raises ConfigurationError where there is none in this clone."""
        named = not reference.startswith("-") and reference.strip() != ""
        if not named or _git(self.top, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")[0] != 0:
            raise ConfigurationError(
                f"The git reference {shorten(reference)} of --since is not in the clone at {self.top}.", self._fetch(reference)
            )
        if _git(self.top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")[0] != 0:
            raise ConfigurationError(f"The git repository at {self.top} has no commit yet.", "Leave --since out.")
        status, output, _ = _git(self.top, "merge-base", reference, "HEAD")
        if status != 0:
            raise ConfigurationError(
                f"HEAD and {shorten(reference)} have no commit in common in the clone at {self.top}.", self._fetch(reference)
            )
        return output.split()[0]

    def _fetch(self, reference: str) -> str:
        remote, slash, branch = reference.partition("/")
        fetch = f"git fetch {remote} {branch}" if slash else "git fetch --all"
        if _git(self.top, "rev-parse", "--is-shallow-repository")[1].strip() == "true":
            return f"The clone is shallow: run `git fetch --unshallow` and `{fetch}`, or check out with the whole history."
        return f"Run `{fetch}`, or name a branch, tag or commit that is there."

    def blobs(self, commit: str) -> frozenset[str]:
        """The ids of everything that `commit` holds, wherever it lies."""
        output = self._required("ls-tree", "-r", "-z", commit)
        return frozenset(entry.split("\t", 1)[0].split(" ")[2] for entry in output.split("\0") if entry)

    def differing(self, files: Sequence[Path], blobs: Collection[str]) -> set[Path]:
        """Those of `files` whose content, as git would store it, is none of `blobs`."""
        plain = [path for path in files if "\n" not in str(path)]
        hashes = self._required("hash-object", "--stdin-paths", told="".join(f"{path}\n" for path in plain)).split()
        same = {path for path, blob in zip(plain, hashes, strict=True) if blob in blobs}
        return set(files) - same

    def ignored(self, files: Sequence[Path]) -> set[Path]:
        """Those of `files` that git is told to ignore, such as an installed package's."""
        told = "".join(f"{path}\0" for path in files)
        _, output, _ = _git(self.top, "check-ignore", "--stdin", "-z", told=told)
        return {Path(entry) for entry in output.split("\0") if entry}

    def _required(self, *words: str, told: str = "") -> str:
        status, output, complaint = _git(self.top, *words, told=told)
        if status != 0:
            raise ConfigurationError(
                f"git {words[0]} failed in {self.top}: {complaint}.", "Leave --since out, or mend the clone."
            )
        return output


def _git(folder: Path, *words: str, told: str = "") -> tuple[int, str, str]:
    """Exit status, output and last complaint of a git command in `folder`. Raises ConfigurationError where git is missing."""
    variables = {key: value for key, value in os.environ.items() if key not in HOOKS} | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            input=told.encode(errors="surrogateescape"),
            capture_output=True,
            env=variables,
            check=False,
        )
    except OSError as error:
        raise ConfigurationError(
            f"--since needs git, which cannot be run: {error.strerror}.", "Install git, or leave --since out."
        ) from error
    complaints = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    why = complaints[0].removeprefix("fatal: ").rstrip(".") if complaints else ""
    return done.returncode, done.stdout.decode(errors="surrogateescape"), why


def route_since(graph: Graph, changed: Collection[str]) -> Route:
    """The route over `changed` alone, from the state without them and what is above them, as it is where the branch began.

    Unchanged revisions that lie between two changed ones are passed; those above the last changed ones are left out.
    """
    above = [revision for revision in graph.revisions if graph.ancestors([revision.id]) & set(changed)]
    kept = {revision.id for revision in above}
    before = tuple(revision for revision in graph.revisions if revision.id not in kept)
    wanted = graph.ancestors(changed)
    revisions = tuple(revision for revision in above if revision.id in wanted)
    return Route(
        before,
        revisions,
        start=graph.heads_of(revision.id for revision in before),
        end=graph.heads_of(revision.id for revision in (*before, *revisions)),
        passed=frozenset(revision.id for revision in revisions) - frozenset(changed),
        skips=True,
    )


def notes_on(found: Difference, graph: Graph) -> tuple[Note, ...]:
    """What a reader must know of a walk over what differs: what was walked, what was left out, and what else has changed."""
    subject = f"since {found.reference}"
    base = ", ".join(each[:12] for each in found.bases)
    if not found.changed:
        notes = [Note(subject, f"Nothing to walk: no revision was added or changed since {base}.")]
    else:
        left_out = [revision.id for revision in graph.revisions if revision.id not in found.changed]
        walked = [revision.id for revision in graph.revisions if revision.id in found.changed]
        rest = f"left out, as they have not changed: {_listed(left_out)}" if left_out else "nothing was left out"
        notes = [Note(subject, f"Walked what was added or changed since {base}: {_listed(walked)}; {rest}.")]
        top = graph.ancestors(found.changed)
        higher = [each for each in left_out if each not in top and graph.ancestors([each]) & found.changed]
        if higher:
            reason = "They follow a revision that has changed, and were not run on top of it; a run without --since does."
            notes.append(Note(_listed(higher), reason))
    if found.unknown:
        notes.append(Note(_listed(found.unknown), "Taken as unchanged: git does not know their scripts."))
    for path in found.environments:
        notes.append(Note(path, f"It has changed since {base} too; what that does to revisions left out was not looked at."))
    return tuple(notes)


def _listed(revisions: Sequence[str]) -> str:
    """Ids in the order of the chain, the middle of a long list left out."""
    if len(revisions) <= LISTED:
        return ", ".join(revisions)
    shown = ", ".join(revisions[: LISTED // 2])
    return f"{shown} and {len(revisions) - LISTED // 2} more up to {revisions[-1]}"
