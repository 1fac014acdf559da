"""later"""

import sqlalchemy as sa
from alembic import op

revision = "eee555"
down_revision = "ddd444"


def upgrade():
    op.add_column("users", sa.Column("age", sa.Integer))
    op.execute(
        """
        CREATE FUNCTION shop.of_age(wanted integer) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            RETURN EXISTS (SELECT FROM users WHERE id = wanted AND age >= 18);
        END;
        $$
        """
    )


def downgrade():
    op.execute("DROP FUNCTION shop.of_age(integer)")
    op.drop_column("users", "age")
