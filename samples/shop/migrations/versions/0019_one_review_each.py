"""One review for each customer and product: the form lets nobody write a second one."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_unique_constraint("reviews_one_each", "reviews", ["customer_id", "product_id"])


def downgrade():
    op.drop_constraint("reviews_one_each", "reviews")
