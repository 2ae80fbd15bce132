"""Where the shop's database is: DATABASE_URL if it is set, else the address in alembic.ini."""

import os

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

url = os.environ.get("DATABASE_URL") or context.config.get_main_option("sqlalchemy.url")
url = url.replace("postgresql://", "postgresql+psycopg://", 1)


def migrate_offline():
    context.configure(url=url, literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def migrate_online():
    with create_engine(url, poolclass=NullPool).connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    migrate_offline()
else:
    migrate_online()
