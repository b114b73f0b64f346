"""From what the user asked for to a provider, and from one that cannot work to another that could."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from migration_checks.connection import connect, translated
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.extensions import MissingExtension, lacking
from migration_checks.providers.container import ContainerProvider, require_engine
from migration_checks.providers.contract import Provider, Server
from migration_checks.providers.embedded import EmbeddedProvider
from migration_checks.providers.external import ExternalProvider, normalized
from migration_checks.providers.local import LocalProvider

SPECS = ("auto", "embedded", "local", "local:/path/to/bin", "container", "postgresql://...")
_OLDEST = 14


@dataclass(frozen=True, slots=True)
class AutoProvider:
    """The first of several providers that works, in the order given, and whose server has all of `extensions`."""

    candidates: tuple[Provider, ...]
    name: str = "auto"
    extensions: frozenset[str] = frozenset()

    @contextmanager
    def lend(self) -> Iterator[Server]:
        """The server of the first that can; ProviderError with every reason when none can."""
        failures: list[tuple[str, ProviderError]] = []
        for candidate in self.candidates:
            with ExitStack() as stack:
                try:
                    server = stack.enter_context(candidate.lend())
                    self._require_extensions(server)
                except ProviderError as failure:
                    failures.append((candidate.name, failure))
                    continue
                yield server
                return
        if self.extensions:
            remedy = "Install them for --provider local, or name a server that has them with --provider postgresql://..."
        else:
            remedy = failures[0][1].remedy  # the first is the one that was meant to work
        reasons = "; ".join(f"{name} ({failure.message.rstrip('.')})" for name, failure in failures)
        raise ProviderError(f"No provider works here: {reasons}.", remedy)

    def _require_extensions(self, server: Server) -> None:
        if not self.extensions:
            return
        with translated("Looking for extensions"), connect(server.url) as connection:
            missing = lacking(connection, self.extensions)
        if missing:
            raise ProviderError(f"It lacks the extension {', '.join(missing)}.", "Install it there.")


@dataclass(frozen=True, slots=True)
class AdvisedProvider:
    """A provider whose failure to start also names another one that would work here."""

    provider: Provider
    version: int | None = None

    @property
    def name(self) -> str:
        """The name of the provider within."""
        return self.provider.name

    @contextmanager
    def lend(self) -> Iterator[Server]:
        """The provider's server; what fails inside the block is nobody's business here."""
        with ExitStack() as stack:
            try:
                server = stack.enter_context(self.provider.lend())
            except ProviderError as failure:
                other = _working(self.provider.name, self.version)
                if other is None:
                    raise
                raise type(failure)(failure.message, f"{failure.remedy} Here, --provider {other} could do it.") from failure
            yield server


def provider_for(
    spec: str,
    *,
    version: str | int | None = None,
    image: str | None = None,
    allow_shared_server: bool = False,
) -> Provider:
    """The provider that `spec` names: auto, embedded, local, local:FOLDER, container, or a URL.

    `version` is a major version (17, "17", "17.2"), `image` a container image. Raises ConfigurationError.
    """
    major = major_version(version)
    if "://" in spec:
        if not re.match(r"postgres(ql)?(\+\w+)?://", spec, flags=re.IGNORECASE):
            raise ConfigurationError(
                f"The provider's URL names {spec.split('://', 1)[0]}, and only PostgreSQL can be used.",
                "Write postgresql://user:password@host:port/postgres.",
            )
        return AdvisedProvider(ExternalProvider(normalized(spec), allow_shared_server), major)
    if image is not None and spec not in ("container", "auto"):
        raise ConfigurationError(
            f"An image has no meaning for the provider {spec}.", "Use --provider container, or leave it out."
        )
    if spec == "auto" and image is None:
        return AutoProvider((EmbeddedProvider(major), LocalProvider(version=major), ContainerProvider(major)))
    return AdvisedProvider(_named(spec, major, image), major)


def _named(spec: str, major: int | None, image: str | None) -> Provider:
    kind, _, folder = spec.partition(":")
    if kind == "embedded" and not folder:
        return EmbeddedProvider(major)
    if kind == "local":
        return LocalProvider(Path(folder).expanduser().resolve() if folder else None, major)
    if kind in ("container", "auto") and not folder:
        return ContainerProvider(major, image)
    raise ConfigurationError(f"There is no provider {spec!r}.", f"Choose one of {', '.join(SPECS)}.")


def major_version(version: str | int | None) -> int | None:
    """The major version that was asked for, None for any. Raises ConfigurationError."""
    if version is None or version == "":
        return None
    match = re.fullmatch(r"(\d{1,2})(\.\d+)?", str(version))
    if match is None or int(match.group(1)) < _OLDEST:
        raise ConfigurationError(
            f"PostgreSQL {version} cannot be asked for.", f"Name a major version from {_OLDEST} on, such as 17."
        )
    return int(match.group(1))


def elsewhere(provider: Provider, missing: MissingExtension) -> Provider:
    """A provider like `provider` whose server has the extension that this one's lacked. Raises ProviderError otherwise."""
    if isinstance(provider, AutoProvider) and missing.extension not in provider.extensions:
        return replace(provider, extensions=provider.extensions | {missing.extension})
    message = f"{missing.message.rstrip('.')} of the provider {provider.name}."
    others = [name for name in ("local", "container") if name != provider.name and _could_have(name, missing.extension)]
    remedy = f"Use {' or '.join(f'--provider {name}' for name in others)}, which has it here." if others else missing.remedy
    raise ProviderError(message, remedy) from missing


def _could_have(name: str, extension: str) -> bool:
    """Whether another provider has the extension, as far as can be told without starting it."""
    with suppress(ProviderError):
        if name == "container":
            require_engine()
            return True
        return has_control_file(*LocalProvider().require(), extension)
    return False


def has_control_file(programs: Path, major: int, extension: str) -> bool:
    """Whether an installation has an extension's control file where packages put it: Debian's, or beside the programs."""
    shares = (programs.parent / "share", programs.parent / "share" / "postgresql", Path(f"/usr/share/postgresql/{major}"))
    return any((share / "extension" / f"{extension}.control").is_file() for share in shares)


def _working(but: str, version: int | None) -> str | None:
    """The name of another provider that could work here, found out without starting anything."""
    for candidate, probe in (
        ("embedded", EmbeddedProvider(version).require),
        ("local", LocalProvider(version=version).require),
        ("container", require_engine),
    ):
        if candidate != but:
            with suppress(ProviderError):
                probe()
                return candidate
    return None
