"""Make badges unique: who got one later gets another first."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute(
        """
        UPDATE members SET badge = 1000 + id
         WHERE EXISTS (SELECT FROM members AS older WHERE older.badge = members.badge AND older.id < members.id)
        """
    )
    with op.get_context().autocommit_block():
        op.create_index("members_badge", "members", ["badge"], unique=True, postgresql_concurrently=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("members_badge", postgresql_concurrently=True)
