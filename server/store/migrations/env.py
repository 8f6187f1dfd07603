"""Alembic's entrance: it changes the database through the connection, and in the transaction, that schema.py gives."""

from alembic import context

from server.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
