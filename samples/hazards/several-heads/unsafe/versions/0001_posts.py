"""Posts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("posts", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("title", sa.Text))


def downgrade():
    op.drop_table("posts")
