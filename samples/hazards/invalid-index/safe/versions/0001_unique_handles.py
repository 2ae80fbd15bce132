"""Make handles unique: the younger ones get another first."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute(
        """
        UPDATE accounts SET handle = handle || '-' || id
         WHERE EXISTS (SELECT FROM accounts AS older WHERE older.handle = accounts.handle AND older.id < accounts.id)
        """
    )
    with op.get_context().autocommit_block():
        op.create_index("accounts_handle", "accounts", ["handle"], unique=True, postgresql_concurrently=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("accounts_handle", postgresql_concurrently=True)
