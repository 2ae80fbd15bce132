"""Reviews; they go when the customer goes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade():
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column(
            "customer_id", sa.Integer, sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("products.id"), nullable=False, index=True),
        sa.Column("stars", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="reviews_one_to_five_stars"),
    )


def downgrade():
    op.drop_table("reviews")
