"""The tables of a node's database.

Everything is keyed by log: the node's own one now, mirrors of other members' later. Personal values stand in
two tables only, ``licenses`` (name and number, for look-ups) and ``contents`` (record, salts and disclosures), and in
``commitments`` where a clerk gave reasons; erasing a version empties exactly these. Dates and moments are text in
the one spelling that entries use, so they sort and compare as such on every database.

::

    logs ─┬─ licenses ──── versions ──── contents        what a licence is, was, and says
          ├─ entries ───── commitments                   the log's leaves; ``idx`` is null while pending
          ├─ tiles · map_pages · checkpoints             the log's tree, the state map, what was signed
          ├─ transactions · anchors                      what was (to be) sent; what the contract accepted
          └─ requests · imports                          what was asked before; what imports did

What it leaves out: SQL (``*_queries``) and how a database gets these tables (``migrations``).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_HASH = LargeBinary(32)
_DAY = String(10)
_MOMENT = String(20)
_SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only under this very type


def _log(*, primary_key: bool = False) -> Column[int]:
    return Column("log", Integer, ForeignKey("logs.id"), primary_key=primary_key, nullable=False, autoincrement=False)


logs = Table(
    "logs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("log", _HASH, nullable=False, unique=True),
    Column("member", Integer, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("secret", _HASH),  # keys the digests of requests, so that they tell nothing without it; own log only
    Column("guard", Text),  # why issuing is refused; null when it is not
)

licenses = Table(
    "licenses",
    metadata,
    _log(primary_key=True),
    Column("subject", _HASH, primary_key=True),
    Column("license_type", String(21), nullable=False),
    Column("uscc", String(18)),  # null once erased: found through the subject all the same
    Column("name", Text),
    Column("family", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("n", Integer, nullable=False),
    Column("version_state", String(16), nullable=False),
    Column("subject_state", String(16), nullable=False),
    Column("flags", Text, nullable=False),  # sorted, joined by commas
    Column("until", _DAY),
    Column("effective", _DAY, nullable=False),
    Column("recorded", _MOMENT, nullable=False),
    Index(None, "uscc"),
    Index(None, "name"),
    sqlite_with_rowid=False,
)

versions = Table(
    "versions",
    metadata,
    _log(primary_key=True),
    Column("subject", _HASH, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),  # the entry that made it
    Column("identifier", String(80), nullable=False),  # 电子证照标识
    Column("digest", _HASH, nullable=False),
    Column("jwt", Text, nullable=False),  # header.payload.signature: digests only, nothing personal
    ForeignKeyConstraint(["log", "subject"], ["licenses.log", "licenses.subject"]),
    UniqueConstraint("log", "identifier"),
)

contents = Table(
    "contents",
    metadata,
    _log(primary_key=True),
    Column("subject", _HASH, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("record", Text, nullable=False),  # canonical JSON of the whole record
    Column("disclosures", Text, nullable=False),  # the credential's, each followed by ``~``
    ForeignKeyConstraint(
        ["log", "subject", "version"], ["versions.log", "versions.subject", "versions.version"], ondelete="CASCADE"
    ),
)

entries = Table(
    "entries",
    metadata,
    Column("id", _SERIAL, primary_key=True),  # the order of arrival, in which pending entries are sequenced
    _log(),
    Column("idx", BigInteger),  # place in the log; null while pending
    Column("kind", String(16), nullable=False),
    Column("subject", _HASH),  # null for heartbeats
    Column("n", Integer),
    Column("data", LargeBinary, nullable=False),  # the entry's bytes, final from the start
    Column("leaf", _HASH, nullable=False),
    UniqueConstraint("log", "idx"),
    UniqueConstraint("log", "subject", "n"),  # a subject's history cannot fork
)
Index(
    "ix_entries_pending",
    entries.c.log,
    entries.c.id,
    sqlite_where=entries.c.idx.is_(None),
    postgresql_where=entries.c.idx.is_(None),
)

commitments = Table(
    "commitments",
    metadata,
    _log(primary_key=True),
    Column("subject", _HASH, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("salt", _HASH, nullable=False),
    Column("value", Text, nullable=False),  # canonical JSON of what the entry's ``commit`` commits to
)

tiles = Table(
    "tiles",
    metadata,
    _log(primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),  # 32 bytes per hash, as wide as the log needs now
)

map_pages = Table(
    "map_pages",
    metadata,
    _log(primary_key=True),
    Column("prefix", String(64), primary_key=True),  # hex digits of the subjects below
    Column("size", BigInteger, primary_key=True, autoincrement=False),  # valid from this size to the next version's
    Column("page", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _log(primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", _HASH, nullable=False),
    Column("state_root", _HASH, nullable=False),
    Column("note", Text, nullable=False),
    Column("signed", _MOMENT, nullable=False),
)

transactions = Table(
    "transactions",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    _log(),
    Column("size", BigInteger, nullable=False),  # the checkpoint that it anchors
    Column("sender", LargeBinary(20), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("hash", _HASH, nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),  # the signed bytes: what is sent, and sent again
    Column("unsigned", Text, nullable=False),  # canonical JSON of what was signed, for a replacement with a higher fee
    Column("state", String(12), nullable=False),  # of ``rows.TxState``
    Column("stored", _MOMENT, nullable=False),
    Index(None, "log", "state"),
)

anchors = Table(
    "anchors",
    metadata,
    _log(primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("log_root", _HASH, nullable=False),
    Column("state_root", _HASH, nullable=False),
    Column("previous", _HASH, nullable=False),
    Column("digest", _HASH, nullable=False),
    Column("tx_hash", _HASH),  # null where the anchor was found on the chain and not sent from this database
    Column("block", BigInteger, nullable=False),
    Column("block_hash", _HASH, nullable=False),
    Column("block_time", _MOMENT, nullable=False),
    Column("final", Boolean, nullable=False),
    Index(None, "log", "size"),
)

requests = Table(
    "requests",
    metadata,
    _log(primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("digest", _HASH),  # keyed digest of the request; null once the subject was erased
    Column("subject", _HASH, nullable=False),
    Column("n", Integer, nullable=False),
    Index(None, "log", "subject"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    _log(),
    Column("started", _MOMENT, nullable=False),
    Column("finished", _MOMENT),  # null: still running, or interrupted
    Column("rows", BigInteger, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("known", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)
