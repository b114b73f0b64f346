"""The public API: what other projects may import, as docs/api.md lists it (`python -m tests.api` prints it)."""

from __future__ import annotations

import inspect
from importlib import import_module

PUBLIC: dict[str, tuple[str, ...]] = {
    "migration_checks": ("__version__",),
    "migration_checks.lineage": ("Contract", "Invariant", "Lineage", "Seed", "Transformation"),
    "migration_checks.config": ("Settings", "load_settings"),
    "migration_checks.verify": ("verify",),
    "migration_checks.report": ("FORMAT", "Note", "Progress", "Report", "Step"),
    "migration_checks.interchange": ("from_json", "to_json"),
    "migration_checks.check": ("Finding", "Location", "Severity"),
    "migration_checks.transition": ("Failure", "Leg"),
    "migration_checks.errors": (
        "ToolkitError",
        "ConfigurationError",
        "EnvironmentFailure",
        "ProviderError",
        "SeedError",
        "UnknownRevision",
    ),
}
"""By module, the names that semantic versioning covers."""


def listing() -> str:
    """Every public name with its signature, or the labels of an enum, a line each."""
    lines = []
    for module, names in PUBLIC.items():
        lines.append(f"# {module}")
        lines += [described(name, getattr(import_module(module), name)) for name in names]
        lines.append("")
    return "\n".join(lines)


def described(name: str, thing: object) -> str:
    """One public name as one line of Python."""
    if inspect.isclass(thing) and hasattr(thing, "__members__"):
        return f"enum {name}: {', '.join(thing.__members__)}"
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return f"exception {name}({thing.__mro__[1].__name__})"
    if callable(thing):
        kind = "class" if inspect.isclass(thing) else "def"
        parameters = inspect.signature(thing).parameters.values()
        return f"{kind} {name}({', '.join(map(parameter, parameters))})"
    return f"{name}: {type(thing).__name__}"


def parameter(each: inspect.Parameter) -> str:
    """A parameter as it is written, but for the value of its default."""
    annotation = each.annotation if isinstance(each.annotation, str) else getattr(each.annotation, "__name__", "")
    star = "*, " if each.kind is inspect.Parameter.KEYWORD_ONLY else ""
    return f"{star}{each.name}: {annotation}" + ("" if each.default is inspect.Parameter.empty else " = ...")


if __name__ == "__main__":
    print(listing())
