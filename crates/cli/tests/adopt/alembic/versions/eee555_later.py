"""later"""
from alembic import op
import sqlalchemy as sa
revision='eee555'
down_revision='ddd444'
def upgrade():
    op.add_column('users', sa.Column('age', sa.Integer))
def downgrade():
    op.drop_column('users','age')
