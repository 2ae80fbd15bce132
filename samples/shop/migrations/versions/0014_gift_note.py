"""A line for the card in the parcel, when an order is a present."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("orders", sa.Column("gift_note", sa.Text))


def downgrade():
    op.drop_column("orders", "gift_note")
