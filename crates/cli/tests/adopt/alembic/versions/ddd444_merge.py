"""merge"""

revision = "ddd444"
down_revision = ("bbb222", "ccc333")


def upgrade():
    pass


def downgrade():
    pass
