"""A project's folder as a git repository, for what is told by git: made, committed and branched without anybody's settings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
WHO = ("-c", "user.name=A Tester", "-c", "user.email=tester@example.org", "-c", "init.defaultBranch=main")


def git(folder: Path, *words: str) -> str:
    """What a git command in `folder` prints; raises where it fails."""
    command = ["git", "-C", str(folder), *WHO, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **QUIET})
    return done.stdout.strip()


def commit(folder: Path, message: str = "A change") -> str:
    """Commit everything below `folder` and return the id."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def repository(folder: Path) -> Path:
    """`folder` as a repository whose branch main holds everything in it; a branch `work` is checked out."""
    git(folder, "init", "-q")
    commit(folder, "The beginning")
    git(folder, "checkout", "-q", "-b", "work")
    return folder
