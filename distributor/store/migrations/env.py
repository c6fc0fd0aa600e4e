"""Runs the migrations on the connection it is given, inside that connection's transaction."""

from alembic import context
from sqlalchemy import Connection

from distributor.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
