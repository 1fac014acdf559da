"""index"""

from alembic import op

revision = "bbb222"
down_revision = "aaa111"


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("users_email", "users", ["email"], postgresql_concurrently=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("users_email", postgresql_concurrently=True)
