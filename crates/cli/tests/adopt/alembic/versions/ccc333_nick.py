"""nick"""
from alembic import op
import sqlalchemy as sa
revision='ccc333'
down_revision='aaa111'
def upgrade():
    op.add_column('users', sa.Column('nick', sa.Text))
def downgrade():
    op.drop_column('users','nick')
