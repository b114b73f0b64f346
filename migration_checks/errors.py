"""What the toolkit raises when it cannot do its job; every error carries one sentence and a remedy.

    ToolkitError                    exit status 2
     ├── ConfigurationError         a setting, an option or a waiver is unusable
     │    └── UnknownRevision       a revision that the chain does not hold
     ├── ProviderError              no server could be had, or it may not be used
     ├── EnvironmentFailure         env.py or a revision file cannot be loaded or run
     └── SeedError                  rows could not be put where a lineage asked for them

Findings are values (`migration_checks.check.Finding`), never exceptions.
"""

from __future__ import annotations


class ToolkitError(Exception):
    """The toolkit could not do its job: `message` says why in one sentence, `remedy` what to do."""

    exit_status = 2

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"

    def __reduce__(self) -> tuple[type[ToolkitError], tuple[str, str]]:
        return type(self), (self.message, self.remedy)


class ConfigurationError(ToolkitError):
    """A setting, an option, a profile or a waiver cannot be used."""


class UnknownRevision(ConfigurationError):
    """A revision was named that the chain does not hold."""


class ProviderError(ToolkitError):
    """No server could be had from a provider, or the server refused what the toolkit needs."""


class EnvironmentFailure(ToolkitError):
    """env.py or a revision file cannot be loaded or run, before any step was tried."""


class SeedError(ToolkitError):
    """A lineage's seed could not write its rows."""
