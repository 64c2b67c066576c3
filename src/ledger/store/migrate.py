"""Bringing a database to the newest schema, with Alembic from inside the program.

What it leaves out: the steps themselves (``migrations/versions``).
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from ledger.errors import ConfigError

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run every migration that the database has not had, inside the caller's transaction.

    Args:
        connection: in a writing transaction.
        revision: where to go; the newest schema unless a test wants an older one.

    Raises:
        ConfigError: the database was made by a newer program.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise ConfigError(f"the database does not fit this program: {error}") from error
