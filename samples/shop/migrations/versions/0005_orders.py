"""Orders and what was ordered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade():
    status = postgresql.ENUM("placed", "paid", "shipped", "delivered", "cancelled", name="order_status")
    price = postgresql.DOMAIN("price", sa.Numeric(10, 2), create_type=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id"), nullable=False, index=True),
        sa.Column("address_id", sa.Integer, sa.ForeignKey("addresses.id"), index=True),
        sa.Column("status", status, nullable=False, server_default="placed"),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("note", sa.Text),
    )
    op.create_index("orders_placed_at", "orders", ["placed_at"])
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.Integer, sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("products.id"), primary_key=True),
        sa.Column("quantity", sa.SmallInteger, nullable=False),
        sa.Column("unit_price", price, nullable=False),
        sa.CheckConstraint("quantity > 0", name="order_items_something"),
    )


def downgrade():
    op.drop_table("order_items")
    op.drop_table("orders")
    op.execute("DROP TYPE order_status")
