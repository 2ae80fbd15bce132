"""Products, with the article numbers of the old shop."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade():
    op.execute("CREATE DOMAIN price AS numeric(10, 2) CHECK (VALUE >= 0)")
    price = postgresql.DOMAIN("price", sa.Numeric(10, 2), create_type=False)
    op.create_table(
        "products",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("legacy_sku", sa.String(20)),
        sa.Column("net_price", price, nullable=False),
        sa.Column("gross_price", sa.Numeric(10, 2), sa.Computed("round(net_price * 1.19, 2)", persisted=True)),
        sa.Column("attributes", postgresql.JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    op.create_index("products_attributes", "products", ["attributes"], postgresql_using="gin")
    op.create_table(
        "product_categories",
        sa.Column("product_id", sa.Integer, sa.ForeignKey("products.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("category_id", sa.Integer, sa.ForeignKey("categories.id"), primary_key=True, index=True),
    )


def downgrade():
    op.drop_table("product_categories")
    op.drop_table("products")
    op.execute("DROP DOMAIN price")
