"""What a conftest.py may offer as the server that migrations run on, and how it is named to the toolkit."""

from __future__ import annotations

from migration_checks.errors import ConfigurationError


def server_url(offered: object) -> str | None:
    """The URL of the server that a fixture offers; None where it offers none. Raises ConfigurationError.

    Known are a URL, a Server, what pytest-postgresql's process fixtures give (host, port, user, password) and a container
    of testcontainers (get_connection_url).
    """
    if offered is None or isinstance(offered, str):
        return offered
    if isinstance(url := getattr(offered, "url", None), str):
        return url
    if callable(url := getattr(offered, "get_connection_url", None)):
        return str(url())
    if all(hasattr(offered, name) for name in ("host", "port", "user")):
        from migration_checks.connection import libpq_url

        given = {name: getattr(offered, name, None) or None for name in ("host", "port", "user", "password")}
        return libpq_url({**given, "dbname": "postgres"})
    raise ConfigurationError(
        f"The fixture migration_server_url gives a {type(offered).__name__}, which names no server.",
        "Let it return postgresql://user:password@host:port/postgres, postgresql_proc, or a PostgresContainer.",
    )


def provider_arguments(offered: object) -> list[str]:
    """Options of `migration-checks verify` for the server that a fixture offers."""
    url = server_url(offered)
    return [] if url is None else ["--provider", url, "--allow-shared-server"]
