"""Find the orders of a product without reading them all.

Built concurrently: the shop goes on selling meanwhile."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("order_items_product_id", "order_items", ["product_id"], postgresql_concurrently=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("order_items_product_id", "order_items", postgresql_concurrently=True)
