"""Finds the Alembic environments of a project: configurations that name their scripts, and env.py files without any."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from migration_checks.fields import read_toml
from migration_checks.lineages import has_alembic_table

DEPTH = 7
PASSED_BY = {"node_modules", "site-packages", "build", "dist", "venv", "env", "__pycache__", "tests", "test"}
CONFIGURATIONS = ("alembic.ini", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Found:
    """An environment: `path`, from the project's folder on, is a configuration, or a folder with env.py (`is_folder`).

    `root` is the folder that its scripts are imported from, where they lie in a package; `flask` says that env.py asks Flask
    for its application.
    """

    path: Path
    is_folder: bool = False
    root: Path | None = None
    flask: bool = False

    @property
    def setting(self) -> str:
        """The key that names it."""
        return "script_location" if self.is_folder else "config"

    @property
    def home(self) -> Path:
        """The folder that a lineage is named after."""
        return self.path if self.is_folder else self.path.parent


def find_environments(project: Path) -> list[Found]:
    """Alembic's environments in `project` and below, nearest first."""
    folders = list(_folders(project))
    homes = [folder for folder in folders if _is_environment(folder)]
    found: list[Found] = []
    known: set[Path] = set()
    for folder in folders:
        # Where both are there, Alembic reads pyproject.toml beside alembic.ini: it is one environment.
        name = next((each for each in CONFIGURATIONS if _configures(folder / each)), None)
        scripts = None if name is None else _scripts(folder / name, project, homes)
        if name is not None and (scripts is not None or folder not in homes):
            found.append(_found((folder / name).relative_to(project), scripts, project))
            known |= {scripts} if scripts is not None else set()
    found += [_found(folder.relative_to(project), folder, project, is_folder=True) for folder in homes if folder not in known]
    return sorted(found, key=lambda each: (len(each.path.parts), each.path))


def _folders(project: Path) -> Iterator[Path]:
    for root, folders, _ in os.walk(project):
        depth = len(Path(root).relative_to(project).parts)
        folders[:] = sorted(name for name in folders if depth < DEPTH and name not in PASSED_BY and name[0] != ".")
        yield Path(root)


def _is_environment(folder: Path) -> bool:
    """Whether a folder is what `alembic init` makes: an env.py that speaks of Alembic, beside versions or their template."""
    script = folder / "env.py"
    beside = (folder / "versions").is_dir() or (folder / "script.py.mako").is_file()
    return beside and script.is_file() and "alembic" in _text(script)


def _configures(path: Path) -> bool:
    return path.is_file() and (path.name == "alembic.ini" or has_alembic_table(path))


def _scripts(config: Path, project: Path, homes: Iterable[Path]) -> Path | None:
    """The environment's folder that a configuration names; None where it names none, or one that is not in the project."""
    location = _location(config)
    if not location:
        return None
    text = location.replace("%(here)s", str(config.parent))
    package, *rest = text.split(":")
    if rest and len(package) > 1:  # package:folder, folder:folder..., and no drive of Windows
        parts = (*package.split("."), *(part for each in rest for part in Path(each).parts))
        return next((home for home in homes if home.parts[-len(parts) :] == parts), None)
    places = [Path(os.path.normpath(base / text)) for base in (project, config.parent)]
    return next((place for place in places if place in homes), None)


def _location(config: Path) -> str:
    """script_location as it is written; empty where there is none."""
    if config.name == "pyproject.toml":
        table = read_toml(config)["tool"]["alembic"]
        return str(table.get("script_location", ""))
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(config, encoding="utf-8")
        return parser.get("alembic", "script_location", fallback="")
    except (configparser.Error, UnicodeDecodeError):
        return ""


def _found(path: Path, scripts: Path | None, project: Path, *, is_folder: bool = False) -> Found:
    root = None if scripts is None else _import_root(scripts, project)
    flask = scripts is not None and "current_app" in _text(scripts / "env.py")
    return Found(path, is_folder, root, flask)


def _import_root(scripts: Path, project: Path) -> Path | None:
    """The folder above the package that the scripts lie in, from the project on; None where they lie in none."""
    package = next(
        (each for each in (scripts, *scripts.parents) if each == project or (each / "__init__.py").is_file()), project
    )
    if package == project or not package.is_relative_to(project):
        return None
    while package.parent != project and (package.parent / "__init__.py").is_file():
        package = package.parent
    return package.parent.relative_to(project)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
