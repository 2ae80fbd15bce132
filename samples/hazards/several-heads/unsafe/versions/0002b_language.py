"""Add a language to posts, on another branch at the same time."""

import sqlalchemy as sa
from alembic import op

revision = "0002b"
down_revision = "0001"


def upgrade():
    op.execute("SET lock_timeout = '2s'")
    op.add_column("posts", sa.Column("language", sa.Text))


def downgrade():
    op.drop_column("posts", "language")
