"""Categories, a tree."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.create_table(
        "categories",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("categories.id"), index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.CheckConstraint("parent_id <> id", name="categories_not_their_own_parent"),
    )


def downgrade():
    op.drop_table("categories")
