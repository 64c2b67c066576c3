"""The name of a database transaction for those who may not know SQL: opened by ``Store``, taken by ``queries``."""

from __future__ import annotations

from sqlalchemy import Connection

Transaction = Connection
"""Inside ``with store.read()`` or ``with store.write()``."""
