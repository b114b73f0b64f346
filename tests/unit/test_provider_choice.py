"""From a spec to a provider, and what is refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.extensions import MissingExtension
from migration_checks.providers import (
    ContainerProvider,
    EmbeddedProvider,
    ExternalProvider,
    LocalProvider,
    Provider,
    Server,
    provider_for,
)
from migration_checks.providers.choice import AdvisedProvider, AutoProvider, elsewhere, major_version


def chosen(spec: str, **options: str | bool) -> Provider:
    provider = provider_for(spec, **options)  # type: ignore[arg-type]
    return provider.provider if isinstance(provider, AdvisedProvider) else provider


@dataclass(frozen=True)
class Works:
    """A provider that lends a server which nobody connects to."""

    name: str = "works"

    @contextmanager
    def lend(self) -> Iterator[Server]:
        yield Server("postgresql://nowhere/postgres", 180000, self.name)


@dataclass(frozen=True)
class Fails:
    """A provider that cannot work."""

    name: str = "fails"

    @contextmanager
    def lend(self) -> Iterator[Server]:
        raise ProviderError("There is nothing here.", "Bring something.")
        yield


@pytest.mark.parametrize(
    ("spec", "options", "expected"),
    [
        ("embedded", {}, EmbeddedProvider()),
        ("embedded", {"version": "18"}, EmbeddedProvider(18)),
        ("local", {"version": "16.4"}, LocalProvider(version=16)),
        ("local:/opt/pg/bin", {}, LocalProvider(Path("/opt/pg/bin"))),
        ("container", {}, ContainerProvider()),
        ("container", {"image": "pgvector/pgvector:pg17"}, ContainerProvider(image="pgvector/pgvector:pg17")),
        ("auto", {"image": "postgres:16"}, ContainerProvider(image="postgres:16")),
    ],
)
def test_a_spec_names_a_provider(spec: str, options: dict[str, str], expected: Provider) -> None:
    """Every form of a spec, with version and image, gives the provider that it names."""

    assert expected == chosen(spec, **options)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg", "POSTGRESQL"])
def test_a_url_names_a_server_whatever_driver_is_in_it(scheme: str) -> None:
    """SQLAlchemy's form and libpq's form are both understood."""
    provider = chosen(f"{scheme}://ann:pw@db:5433/postgres", allow_shared_server=True)

    assert ExternalProvider("postgresql://ann:pw@db:5433/postgres?connect_timeout=10", allow_shared_server=True) == provider


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("", {}),
        ("embeded", {}),
        ("embedded:/x", {}),
        ("docker:x", {}),
        ("mysql://ann:secret@db/x", {}),
        ("postgresql://ann:secret@db:port/x", {}),
        ("postgresql://ann:sec ret@db/x?nonsense=secret", {}),
        ("embedded", {"image": "postgres:17"}),
        ("embedded", {"version": "latest"}),
        ("container", {"version": "9.6"}),
    ],
)
def test_what_cannot_be_understood_is_refused_without_repeating_a_password(spec: str, options: dict[str, str]) -> None:
    """One sentence and a remedy; nothing of a URL is repeated, as its password may be in any part that libpq misreads."""
    with pytest.raises(ConfigurationError) as caught:
        provider_for(spec, **options)  # type: ignore[arg-type]

    assert "secret" not in str(caught.value)
    assert "sec ret" not in str(caught.value)
    assert caught.value.remedy


def test_no_version_is_any_version() -> None:
    """None and an empty setting ask for nothing."""

    assert (major_version(None), major_version(""), major_version(17), major_version("17.2")) == (None, None, 17, 17)


def test_auto_takes_the_first_that_works() -> None:
    """A provider that cannot work is passed over."""
    with AutoProvider((Fails(), Works())).lend() as server:
        assert server.provider == "works"


def test_auto_says_why_none_works() -> None:
    """Every reason is told."""
    with pytest.raises(ProviderError, match=r"one \(There is nothing here\); two \(There is nothing here\)"):
        AutoProvider((Fails("one"), Fails("two"))).lend().__enter__()


def test_auto_does_not_try_another_when_the_block_fails() -> None:
    """An error of whoever uses the server is theirs."""
    with pytest.raises(ProviderError, match="mine"), AutoProvider((Works(), Fails())).lend():
        raise ProviderError("This is mine.", "")


def test_a_failing_provider_names_another_that_could_do_it() -> None:
    """The remedy ends with a provider that was found to be possible here: the embedded one is installed."""
    with pytest.raises(ProviderError) as caught:
        AdvisedProvider(Fails()).lend().__enter__()

    assert caught.value.message == "There is nothing here."
    assert caught.value.remedy == "Bring something. Here, --provider embedded could do it."


def test_a_server_does_not_show_its_url() -> None:
    """The representation of a server may end up in a log, and its URL may hold a password."""

    assert "secret" not in repr(Server("postgresql://a:secret@db/x", 170000, "external"))
    assert "secret" not in repr(ExternalProvider("postgresql://a:secret@db/x"))


def test_auto_is_what_is_there() -> None:
    """The embedded programs, those of the machine, a container: all of the version that was asked for."""
    expected = AutoProvider((EmbeddedProvider(17), LocalProvider(version=17), ContainerProvider(17)))

    assert expected == provider_for("auto", version="17")
    assert AutoProvider((EmbeddedProvider(), LocalProvider(), ContainerProvider())) == provider_for("auto")


def test_advice_changes_nothing_of_a_provider_that_works() -> None:
    """Neither its name nor its server."""
    advised = AdvisedProvider(Works())

    assert "works" == advised.name
    with advised.lend() as server:
        assert ("works", 18) == (server.provider, server.major)


def test_a_failure_that_nobody_could_do_better_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no other server of that version here."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(ProviderError) as caught:
        AdvisedProvider(Fails(), 98).lend().__enter__()

    assert "Bring something." == caught.value.remedy


# -- extensions --------------------------------------------------------------------------------------------------------

MISSING = MissingExtension("vector", "a1")


def test_auto_looks_on_for_an_extension() -> None:
    """Of each server the extensions that were lacking so far are asked for; once is enough."""
    auto = AutoProvider((Works(),), extensions=frozenset({"hstore"}))
    other = elsewhere(auto, MISSING)

    assert AutoProvider((Works(),), extensions=frozenset({"hstore", "vector"})) == other
    with pytest.raises(ProviderError, match="which a1 creates, is not available on the server of the provider auto"):
        elsewhere(other, MISSING)


def test_auto_without_an_extension_says_how_to_have_it() -> None:
    """Whatever each provider would advise."""
    with pytest.raises(ProviderError) as caught:
        AutoProvider((Fails(),), extensions=frozenset({"vector"})).lend().__enter__()

    assert caught.value.remedy.startswith("Install them for --provider local, or name a server that has them")


@pytest.mark.parametrize("has_it", [True, False])
def test_another_provider_that_has_the_extension_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_it: bool
) -> None:
    """As far as can be told without starting it: by the files of the programs of this machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pg_ctl", "initdb", "postgres"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 97.1'\n")
        (folder / name).chmod(0o755)
    for each in (tmp_path, *tmp_path.parents):
        if Path(tempfile.gettempdir()) in each.parents:
            each.chmod(0o755)
    (tmp_path / "share" / "extension").mkdir(parents=True)
    if has_it:
        (tmp_path / "share" / "extension" / "vector.control").touch()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(ProviderError) as caught:
        elsewhere(Works("embedded"), MISSING)

    assert "of the provider embedded." in caught.value.message
    assert has_it is ("Use --provider local, which has it here." == caught.value.remedy)
    assert has_it or caught.value.remedy == MISSING.remedy
