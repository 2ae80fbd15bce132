"""Add a note to posts."""

import sqlalchemy as sa
from alembic import op

revision = "0002a"
down_revision = "0001"


def upgrade():
    op.execute("SET lock_timeout = '2s'")
    op.add_column("posts", sa.Column("note", sa.Text))


def downgrade():
    op.drop_column("posts", "note")
