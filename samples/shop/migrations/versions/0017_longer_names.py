"""Room for longer last names and for phone numbers with an extension.

A longer varchar does not rewrite the table."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade():
    op.alter_column("customers", "last_name", type_=sa.String(120), existing_type=sa.String(60))
    op.alter_column("customers", "phone", type_=sa.String(32), existing_type=sa.String(20))


def downgrade():
    op.alter_column("customers", "phone", type_=sa.String(20), existing_type=sa.String(32))
    op.alter_column("customers", "last_name", type_=sa.String(60), existing_type=sa.String(120))
