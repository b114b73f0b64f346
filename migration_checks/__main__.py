"""`python -m migration_checks` is the command line."""

from __future__ import annotations

import sys

from migration_checks.cli import main

sys.exit(main())
