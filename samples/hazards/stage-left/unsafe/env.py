"""The address of a database, written down where a migration is played from."""

from alembic import context
from sqlalchemy import create_engine

engine = create_engine("postgresql+psycopg://app@reporting.internal.example/warehouse")
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
