"""The first schema: everything that a node keeps.

Written out in full rather than taken from ``ledger.store.tables``: a migration must not change when the tables do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _logs()
    _licenses()
    _entries()
    _tree()
    _chain()
    _requests()


def _logs() -> None:
    op.create_table(
        "logs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("log", sa.LargeBinary(length=32), nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.LargeBinary(length=32), nullable=True),
        sa.Column("guard", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logs")),
        sa.UniqueConstraint("log", name=op.f("uq_logs_log")),
    )


def _licenses() -> None:
    op.create_table(
        "licenses",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("license_type", sa.String(length=21), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("version_state", sa.String(length=16), nullable=False),
        sa.Column("subject_state", sa.String(length=16), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=True),
        sa.Column("effective", sa.String(length=10), nullable=False),
        sa.Column("recorded", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_licenses_log_logs")),
        sa.PrimaryKeyConstraint("log", "subject", name=op.f("pk_licenses")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_licenses_name"), "licenses", ["name"], unique=False)
    op.create_index(op.f("ix_licenses_uscc"), "licenses", ["uscc"], unique=False)
    op.create_table(
        "versions",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("jwt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log", "subject"], ["licenses.log", "licenses.subject"], name=op.f("fk_versions_log_subject_licenses")
        ),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_versions_log_logs")),
        sa.PrimaryKeyConstraint("log", "subject", "version", name=op.f("pk_versions")),
        sa.UniqueConstraint("log", "identifier", name=op.f("uq_versions_log_identifier")),
    )
    op.create_table(
        "contents",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("disclosures", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log", "subject", "version"],
            ["versions.log", "versions.subject", "versions.version"],
            name=op.f("fk_contents_log_subject_version_versions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_contents_log_logs")),
        sa.PrimaryKeyConstraint("log", "subject", "version", name=op.f("pk_contents")),
    )
    # ### end Alembic commands ###


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_entries_log_logs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("log", "idx", name=op.f("uq_entries_log_idx")),
        sa.UniqueConstraint("log", "subject", "n", name=op.f("uq_entries_log_subject_n")),
    )
    op.create_index(
        "ix_entries_pending",
        "entries",
        ["log", "id"],
        unique=False,
        sqlite_where=sa.text("idx IS NULL"),
        postgresql_where=sa.text("idx IS NULL"),
    )
    op.create_table(
        "commitments",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_commitments_log_logs")),
        sa.PrimaryKeyConstraint("log", "subject", "n", name=op.f("pk_commitments")),
    )


def _tree() -> None:
    op.create_table(
        "tiles",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_tiles_log_logs")),
        sa.PrimaryKeyConstraint("log", "level", "idx", name=op.f("pk_tiles")),
    )
    op.create_table(
        "map_pages",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prefix", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("page", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_map_pages_log_logs")),
        sa.PrimaryKeyConstraint("log", "prefix", "size", name=op.f("pk_map_pages")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_checkpoints_log_logs")),
        sa.PrimaryKeyConstraint("log", "size", name=op.f("pk_checkpoints")),
    )


def _chain() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.LargeBinary(length=20), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("unsigned", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("stored", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_transactions_log_logs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint("hash", name=op.f("uq_transactions_hash")),
    )
    op.create_index(op.f("ix_transactions_log_state"), "transactions", ["log", "state"], unique=False)
    op.create_table(
        "anchors",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("log_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("block_time", sa.String(length=20), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_anchors_log_logs")),
        sa.PrimaryKeyConstraint("log", "seq", name=op.f("pk_anchors")),
    )
    op.create_index(op.f("ix_anchors_log_size"), "anchors", ["log", "size"], unique=False)


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_requests_log_logs")),
        sa.PrimaryKeyConstraint("log", "key", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_log_subject"), "requests", ["log", "subject"], unique=False)
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started", sa.String(length=20), nullable=False),
        sa.Column("finished", sa.String(length=20), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("known", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.id"], name=op.f("fk_imports_log_logs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
