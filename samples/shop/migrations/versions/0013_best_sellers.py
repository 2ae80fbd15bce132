"""Best sellers for the front page, refreshed every night."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade():
    op.execute("""
        CREATE MATERIALIZED VIEW best_sellers AS
        SELECT product_id, sum(quantity) AS sold
        FROM order_items
        GROUP BY product_id
        ORDER BY sold DESC, product_id
        LIMIT 100
    """)
    op.create_index("best_sellers_product_id", "best_sellers", ["product_id"], unique=True)


def downgrade():
    op.execute("DROP MATERIALIZED VIEW best_sellers")
