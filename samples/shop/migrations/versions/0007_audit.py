"""Who changed the status of an order, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    op.create_table(
        "order_audit",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("order_id", sa.Integer, nullable=False, index=True),
        sa.Column("old_status", sa.Text),
        sa.Column("new_status", sa.Text),
        sa.Column("changed_by", sa.Text, nullable=False, server_default=sa.text("current_user")),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.execute("""
        CREATE FUNCTION audit_order() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.order_audit (order_id, old_status, new_status)
            VALUES (new.id, old.status::text, new.status::text);
            RETURN new;
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER orders_audit AFTER UPDATE OF status ON orders
        FOR EACH ROW WHEN (old.status IS DISTINCT FROM new.status) EXECUTE FUNCTION audit_order()
    """)


def downgrade():
    op.execute("DROP TRIGGER orders_audit ON orders")
    op.execute("DROP FUNCTION audit_order()")
    op.drop_table("order_audit")
