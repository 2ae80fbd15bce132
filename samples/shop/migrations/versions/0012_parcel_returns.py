"""Parcels that come back, under a reference that is easy to read out on the phone."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade():
    op.execute("""
        CREATE FUNCTION new_reference() RETURNS text LANGUAGE sql VOLATILE AS $$
            SELECT upper(left(replace(gen_random_uuid()::text, '-', ''), 12))
        $$
    """)
    op.create_table(
        "parcel_returns",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("reference", sa.Text, nullable=False, unique=True, server_default=sa.text("new_reference()")),
        sa.Column("order_id", sa.Integer, sa.ForeignKey("orders.id"), nullable=False, index=True),
        sa.Column("reason", sa.Text),
        sa.Column("returned_on", sa.Date, nullable=False),
    )


def downgrade():
    op.drop_table("parcel_returns")
    op.execute("DROP FUNCTION new_reference()")
