"""`python -m tests.package WHEEL SDIST`: install the wheel alone into an empty environment, and verify a foreign project."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ENV = """
from alembic import context
from sqlalchemy import create_engine

with create_engine("postgresql+psycopg://nobody@production.invalid/app").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

REVISION = '''
"""{message}"""
from alembic import op

revision, down_revision = {revision!r}, {down!r}


def upgrade():
    op.execute("""{up}""")


def downgrade():
    op.execute("""{back}""")
'''

MADE = ("CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, born date)", "DROP TABLE people")
HEALTHY = ("ALTER TABLE people ADD nickname text", "ALTER TABLE people DROP nickname")
LOSING = ("ALTER TABLE people DROP born", "ALTER TABLE people ADD born date")


def project(folder: Path, second: tuple[str, str]) -> Path:
    """A foreign project with two revisions in `folder`."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    for revision, down, (up, back) in (("a1", None, MADE), ("b2", "a1", second)):
        text = REVISION.format(message=revision, revision=revision, down=down, up=up, back=back)
        (versions / f"{revision}.py").write_text(text)
    return folder


def check(wheel: Path, sdist: Path, work: Path) -> None:
    """Raises AssertionError or CalledProcessError where a user would be let down."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "migration_checks/py.typed" in names, "the wheel is not typed"
    foreign = {name.split("/")[0] for name in names} - {"migration_checks"}
    assert all(name.endswith(".dist-info") for name in foreign), f"the wheel brings more than the package: {sorted(foreign)}"
    with tarfile.open(sdist) as archive:
        inside = {"/".join(name.split("/")[1:]) for name in archive.getnames()}
    assert {"README.md", "LICENSE", "tests/conftest.py", "fixtures/mistudio/__init__.py"} <= inside, "the sdist is not whole"

    venv.create(work / "venv", with_pip=True)
    programs = work / "venv" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", wheel], check=True)
    for second, expected in ((HEALTHY, 0), (LOSING, 1)):
        folder = project(work / f"project-{expected}", second)
        command = [programs / "migration-checks", "verify"]
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
        assert done.returncode == expected, f"status {done.returncode}, not {expected}:\n{done.stdout}{done.stderr}"
        assert ("MC302" in done.stdout) is (expected == 1), done.stdout
    print(f"{wheel.name}: installed alone; a healthy project ends with 0, one that loses values with 1.")


def main() -> None:
    """Check the wheel and the sdist that the command line names."""
    files = [Path(each).resolve() for each in sys.argv[1:]]
    wheels = [each for each in files if each.suffix == ".whl"]
    archives = [each for each in files if each.name.endswith(".tar.gz")]
    if not wheels or not archives:
        sys.exit("Usage: python -m tests.package WHEEL SDIST")
    with tempfile.TemporaryDirectory(prefix="migration-checks-package-") as work:
        check(wheels[0], archives[0], Path(work))


if __name__ == "__main__":
    main()
