"""Give every order a public reference, as returns have one already.

Customers should not see how many orders there are."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column(
        "orders",
        sa.Column("reference", sa.Text, nullable=False, server_default=sa.text("new_reference()")),
    )


def downgrade():
    op.drop_column("orders", "reference")
