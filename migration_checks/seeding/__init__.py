"""Where rows come from: synthesized from the schema as it stands, whatever it is."""

from migration_checks.seeding.synthesizer import Filled, Synthesizer

__all__ = ["Filled", "Synthesizer"]
