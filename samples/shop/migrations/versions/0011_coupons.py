"""Coupons, and the orders they were used for."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade():
    op.create_table(
        "coupons",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("code", sa.String(24), nullable=False, unique=True),
        sa.Column("percent", sa.SmallInteger, nullable=False),
        sa.Column("expires_on", sa.Date, index=True),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name="coupons_percent"),
    )
    op.create_table(
        "coupon_redemptions",
        sa.Column("coupon_id", sa.Integer, sa.ForeignKey("coupons.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("order_id", sa.Integer, sa.ForeignKey("orders.id"), primary_key=True, index=True),
        sa.Column("discount", sa.Numeric(10, 2), nullable=False),
    )


def downgrade():
    op.drop_table("coupon_redemptions")
    op.drop_table("coupons")
