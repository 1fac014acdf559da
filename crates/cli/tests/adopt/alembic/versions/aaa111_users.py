"""users"""
from alembic import op
import sqlalchemy as sa
revision='aaa111'
down_revision=None
def upgrade():
    op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('email', sa.String(100), nullable=False))
def downgrade():
    op.drop_table('users')
