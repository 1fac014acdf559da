"""merge"""
from alembic import op
import sqlalchemy as sa
revision='ddd444'
down_revision=('bbb222','ccc333')
def upgrade():
    pass
def downgrade():
    pass
