"""Loads an Alembic configuration and its revision scripts, and says in one sentence why that cannot be done."""

from __future__ import annotations

import argparse
import dis
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

import alembic
from alembic import command, util
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap

from migration_checks.errors import ConfigurationError, EnvironmentFailure
from migration_checks.graph import Graph, Revision


def load_config(lineage: Mapping[str, Any]) -> Config:
    """The configuration that `alembic -c` would use; raises EnvironmentFailure or ConfigurationError."""
    options = argparse.Namespace(
        x=list(lineage["x"]) or None,
        cmd=(command.upgrade, ["revision"], ["sql", "tag"]),
        config=lineage["config"],
        name=lineage["section"],
        raiseerr=True,
        sql=False,
        tag=None,
        revision="heads",
    )
    files = _files(lineage["config"])
    config = Config(**files, ini_section=lineage["section"], cmd_opts=options)
    if lineage["script_location"] is not None:
        config.set_main_option("script_location", lineage["script_location"].replace("%", "%%"))
    elif lineage["config"] is None:
        raise ConfigurationError(
            "Neither an Alembic configuration nor a script location is named.",
            "Name an alembic.ini with -c, or set script_location.",
        )
    elif "file_" in files and "toml_file" not in files and lineage["section"] not in _sections(config):
        raise ConfigurationError(
            f"{lineage['config']} has no section [{lineage['section']}].",
            f"It has {', '.join(_sections(config)) or 'none'}: name the right one as section.",
        )
    return config


def _sections(config: Config) -> list[str]:
    return list(config.file_config.sections())


def _files(path: str | None) -> dict[str, Any]:
    """Keywords of Config for a file; a pyproject.toml is read together with an alembic.ini beside it, as Alembic does."""
    if path is None:
        return {}
    if not Path(path).is_file():
        raise ConfigurationError(
            f"The Alembic configuration {path} does not exist.", "Name an existing alembic.ini or pyproject.toml."
        )
    if Path(path).suffix != ".toml":
        beside = Path(path).with_name("pyproject.toml")
        return {"file_": path, **({"toml_file": str(beside)} if _reads_toml() and beside.is_file() else {})}
    if not _reads_toml():
        raise EnvironmentFailure(
            f"{path} can only be read by Alembic 1.16 or newer; this environment has {alembic.__version__}.",
            "Upgrade Alembic, or name an alembic.ini.",
        )
    beside = Path(path).with_name("alembic.ini")
    return {"toml_file": path, **({"file_": str(beside)} if beside.is_file() else {})}


def _reads_toml() -> bool:
    return "toml_file" in inspect.signature(Config.__init__).parameters


def prepare_imports(lineage: Mapping[str, Any]) -> None:
    """Make the project importable and run its boot hook; raises EnvironmentFailure when that fails."""
    sys.path[:0] = lineage["sys_path"]
    if lineage["root"] not in sys.path:
        sys.path.append(lineage["root"])
    if not lineage["boot"]:
        return
    module, _, name = lineage["boot"].partition(":")
    try:
        hook: Callable[[], object] = getattr(importlib.import_module(module), name)
        hook()
    except BaseException as error:
        raise EnvironmentFailure(
            f"The boot hook {lineage['boot']} failed: {_said(error)}{_where(error)}.",
            "boot must name a function without arguments as module:function, importable from root or sys_path.",
        ) from error


def load_scripts(config: Config) -> ScriptDirectory:
    """Import every revision script once; raises EnvironmentFailure naming file and line of what is wrong."""
    try:
        directory = ScriptDirectory.from_config(config)
    except util.CommandError as error:
        raise EnvironmentFailure(f"Alembic cannot use the configuration: {_said(error)}.", _LOCATION) from error
    except BaseException as error:
        raise _unloadable(error, directory=None) from error
    try:
        scripts = list(directory._load_revisions())
        _reject_inconsistent(scripts)
        directory.revision_map = RevisionMap(lambda: scripts)
        directory.get_heads()
        order_of(directory)
    except EnvironmentFailure:
        raise
    except BaseException as error:
        raise _unloadable(error, directory) from error
    if not (Path(directory.dir) / "env.py").is_file():
        raise EnvironmentFailure(
            f"There is no env.py in {directory.dir}.", "Check script_location, or run `alembic init` there."
        )
    return directory


_LOCATION = "Check script_location and the paths in it: relative ones start from root, %(here)s is the configuration's folder."


def _reject_inconsistent(scripts: Sequence[Script]) -> None:
    paths: dict[str, str] = {}
    for script in scripts:
        if script.revision in paths:
            raise EnvironmentFailure(
                f"Revision {script.revision} is in two files: {paths[script.revision]} and {script.path}.",
                "Give one of them another revision id, or delete it.",
            )
        paths[script.revision] = script.path
    for script in scripts:
        downs = [("down_revision", each) for each in util.to_tuple(script.down_revision, default=()) if each not in paths]
        needs = util.to_tuple(script.dependencies, default=())
        for word, parent in (*downs, *(("depends_on", each) for each in needs if not _known(each, scripts))):
            raise EnvironmentFailure(
                f"{script.path} names {word} {parent!r}, which no revision file has.",
                "Restore the missing file, or correct the id.",
            )


def _known(name: str, scripts: Sequence[Script]) -> bool:
    """True when a name stands for a revision: an id, the beginning of one (Alembic accepts both), or a branch label."""
    ids = {script.revision for script in scripts}
    labels = {label for script in scripts for label in util.to_tuple(script._orig_branch_labels, default=())}
    return name in ids or name in labels or any(each.startswith(name) for each in ids) or "@" in name


def _unloadable(error: BaseException, directory: ScriptDirectory | None) -> EnvironmentFailure:
    text = f"The revision files cannot be loaded: {type(error).__name__}: {_said(error)}{_where(error)}."
    if isinstance(error, util.CommandError) or type(error).__module__.startswith("alembic."):
        return EnvironmentFailure(
            f"The revision files do not form a chain: {_said(error)}.", "Correct revision and down_revision."
        )
    return EnvironmentFailure(text, remedy_for(error))


def remedy_for(error: BaseException) -> str:
    """What to do about an exception that kept project code from running outside of its usual surroundings."""
    if isinstance(error, SyntaxError):
        return "Correct the syntax."
    if isinstance(error, ModuleNotFoundError):
        return f"Install {(error.name or 'it').partition('.')[0]} here, or add its folder to sys_path."
    if isinstance(error, ImportError):
        return "Install what is missing here, or add its folder to sys_path."
    if isinstance(error, KeyError):
        return "If this is an environment variable, set it with env; a database URL in it only has to name the right driver."
    if isinstance(error, (RuntimeError, LookupError, NameError, AttributeError)):
        return "If this needs an application context, prepare it with boot = 'module:function' (see also env and sys_path)."
    return "Run `alembic history` there to see it; settings are given with env, sys_path and boot."


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"sys.exit({error.code!r})"
    text = str(error.msg) if isinstance(error, SyntaxError) else str(getattr(error, "orig", None) or error)
    lines = text.strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:300]


def _where(error: BaseException) -> str:
    """(FILE, line N) of the project's own last frame, as far as one can tell it from installed packages."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not _is_installed(each.filename)]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def _is_installed(path: str) -> bool:
    own = str(Path(__file__).parent)
    return path.startswith(("<", sys.base_prefix, own)) or "site-packages" in path


def explain(error: BaseException) -> str:
    """Class, first line and place of an exception, as part of a sentence."""
    return f"{type(error).__name__}: {_said(error)}{_where(error)}"


def order_of(directory: ScriptDirectory) -> list[Script]:
    """Every revision, parents first, in the order in which an upgrade from nothing to all heads would apply them."""
    return list(reversed(list(directory.iterate_revisions("heads", "base", implicit_base=True))))


def graph_of(directory: ScriptDirectory) -> Graph:
    """The chain as a value."""
    return Graph(tuple(_revision(script, directory) for script in order_of(directory)))


def _revision(script: Script, directory: ScriptDirectory) -> Revision:
    upgrade, downgrade = _code(script.module, "upgrade"), _code(script.module, "downgrade")
    depends = script._resolved_dependencies
    return Revision(
        id=script.revision,
        down=tuple(script._versioned_down_revisions),
        depends_on=tuple(depends),
        labels=tuple(sorted(util.to_tuple(script._orig_branch_labels, default=()))),
        doc=script.doc or "",
        path=script.path,
        upgrade_line=upgrade.co_firstlineno if upgrade else 0,
        downgrade_line=downgrade.co_firstlineno if downgrade else 0,
        downgrade_empty=downgrade is not None and _does_nothing(downgrade),
    )


def _code(module: Any, name: str) -> CodeType | None:
    code = getattr(inspect.unwrap(getattr(module, name, None)), "__code__", None)  # type: ignore[arg-type]
    return code if isinstance(code, CodeType) else None


def _does_nothing(code: CodeType) -> bool:
    """True when nothing is left of a function but returning None: pass, a docstring, ... and a bare return compile to that."""
    rest = [each for each in dis.get_instructions(code) if each.opname not in ("RESUME", "NOP", "RETURN_VALUE", "CACHE")]
    return all(each.opname in ("LOAD_CONST", "RETURN_CONST") and each.argval is None for each in rest)
