"""Addresses, any number for each customer."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "addresses",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column(
            "customer_id", sa.Integer, sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("street", sa.Text, nullable=False),
        sa.Column("postcode", sa.String(12), nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("country", sa.CHAR(2), nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.true()),
    )


def downgrade():
    op.drop_table("addresses")
