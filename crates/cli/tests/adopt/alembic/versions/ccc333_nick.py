"""nick"""

import sqlalchemy as sa
from alembic import op

revision = "ccc333"
down_revision = "aaa111"


def upgrade():
    op.add_column("users", sa.Column("nick", sa.Text, comment="what friends say"))
    # The new value is used right away, which a transaction would not allow.
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE shop.state ADD VALUE IF NOT EXISTS 'gone'")
    op.execute("INSERT INTO shop.orders (user_id, state) SELECT id, 'gone' FROM users")


def downgrade():
    op.execute("DELETE FROM shop.orders")
    op.drop_column("users", "nick")
