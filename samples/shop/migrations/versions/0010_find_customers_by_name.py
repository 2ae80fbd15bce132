"""The service desk finds customers by name and phone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    op.create_index("customers_last_name", "customers", [sa.text("lower(last_name)")])
    op.create_index("customers_phone", "customers", ["phone"], postgresql_where=sa.text("phone IS NOT NULL"))


def downgrade():
    op.drop_index("customers_phone", "customers")
    op.drop_index("customers_last_name", "customers")
