"""Alembic's entry: runs the migrations on the connection that ``ledger.store.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from ledger.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds everything; Alembic begins none of its own
    render_as_batch=True,
)
context.run_migrations()
