"""Let grades go from 0 to 12."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("UPDATE pupils SET grade = 12 WHERE grade > 12")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '2s'")
        op.execute("ALTER TABLE pupils ADD CONSTRAINT grades CHECK (grade BETWEEN 0 AND 12) NOT VALID")
        op.execute("ALTER TABLE pupils VALIDATE CONSTRAINT grades")


def downgrade():
    op.execute("ALTER TABLE pupils DROP CONSTRAINT grades")
