"""users"""

import sqlalchemy as sa
from alembic import op

revision = "aaa111"
down_revision = None


def upgrade():
    op.execute("CREATE SCHEMA shop")
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(100), nullable=False, unique=True),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("state", sa.Enum("new", "paid", name="state", schema="shop"), server_default="new"),
        schema="shop",
    )
    op.bulk_insert(sa.table("users", sa.column("email", sa.String)), [{"email": "a;b's@example.org"}])


def downgrade():
    op.drop_table("orders", schema="shop")
    op.drop_table("users")
    op.execute("DROP SCHEMA shop CASCADE")
