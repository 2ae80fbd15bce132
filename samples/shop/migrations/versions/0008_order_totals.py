"""What each order comes to, for the back office."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade():
    op.execute("""
        CREATE VIEW order_totals AS
        SELECT orders.id, orders.customer_id, orders.status, sum(items.quantity * items.unit_price) AS total
        FROM orders JOIN order_items AS items ON items.order_id = orders.id
        GROUP BY orders.id
    """)


def downgrade():
    op.execute("DROP VIEW order_totals")
