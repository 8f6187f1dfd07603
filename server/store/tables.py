"""The tables: every fact that the service knows, in one place. `migrations/` brings a database to this form.

Rows are changed in the transactions of this folder's modules, and nowhere else. Times are ISO 8601 in UTC, for people;
nothing is decided by comparing them, since clocks jump. An index that is partial here is so in PostgreSQL too, by the
migration: to say it here would load that dialect into every process.
"""

import json
import math
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    insert,
    text,
)

HEAD = "0011"  # the newest of migrations/versions

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Words(TypeDecorator[str]):
    """Text that both databases can hold and JSON can carry: no NUL, no half of a surrogate pair."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        return None if value is None else clean(value)


def clean(words: str) -> str:
    """The words with a question mark for each character that no database, or no JSON in UTF-8, can hold."""
    return words.encode("utf-8", "replace").decode().replace("\0", "?")


def as_json(content: object) -> str:
    """How the database keeps JSON: what no reader of JSON takes, NaN and halves of surrogate pairs, is left out."""
    return clean(json.dumps(_finite(content), ensure_ascii=False))


def _finite(content: Any) -> Any:
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {str(name): _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content


# A row's number is never used again, even once the row is gone (sqlite_autoincrement).
_Number = BigInteger().with_variant(Integer, "sqlite")
Content = JSON(none_as_null=True)

# A name with all that is known under it: what is stored, as far as a look must not count it.
model = Table(
    "model",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", Words, nullable=False, unique=True),
    Column("created_at", String(40), nullable=False),
    Column("images", Integer, nullable=False, server_default="0"),  # pictures, suspects included
    Column("bytes", BigInteger, nullable=False, server_default="0"),  # of their files
    Column("suspects", Integer, nullable=False, server_default="0"),
    Column("batches", Integer, nullable=False, server_default="0"),  # uploads that were not undone
    Column("decision", _Number, nullable=False, server_default="0"),  # the newest that changed the dataset
    Column("fingerprint", String(64), nullable=False),  # of what there is to learn from: fingerprint.py
    sqlite_autoincrement=True,
)

# Who did what to a dataset, each row carrying the hash of the one before: decisions.py.
decision = Table(
    "decision",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("time", String(40), nullable=False),
    Column("by", Words, nullable=False),
    Column("action", String(20), nullable=False),  # upload, accept, reject, remove, undo, relabel, doubt, add class
    Column("batch_id", _Number),
    Column("sha256", String(64)),
    Column("content", String(64), nullable=False),  # hash of what a batch said of its images
    Column("hash", String(64), nullable=False),
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

batch = Table(
    "batch",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("time", String(40), nullable=False),
    Column("source", Words, nullable=False),
    Column("images", Integer, nullable=False),
    Column("undone_by", ForeignKey(decision.c.id)),
    Index("ix_batch_kept", "model_id", "id", sqlite_where=text("undone_by IS NULL")),
    sqlite_autoincrement=True,
)

image = Table(
    "image",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("sha256", String(64), nullable=False),  # of its pixels
    Column("bytes", Integer, nullable=False),  # of its file
    Column("split", String(8), nullable=False),  # train, for ever; or test, which rotation.py may end
    Column("label", Words),  # in force; None while it is only suspected
    Column("annotation_id", _Number),  # that put it in force; None without suspect_id: it was put aside
    Column("suspect_id", _Number),  # the annotation that waits for somebody's word
    UniqueConstraint("sha256", "model_id"),  # in this order, since a file is asked for whatever the model
    Index(None, "model_id", "id"),
    Index(None, "model_id", "label", "id"),  # a split is picked out of these: one image in five is of the smaller
    Index("ix_image_suspect", "model_id", "suspect_id", sqlite_where=text("suspect_id IS NOT NULL")),
    sqlite_autoincrement=True,
)

# Somebody's word for what an image shows. The newest that stands is in force; a doubted one waits until it is accepted.
annotation = Table(
    "annotation",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("image_id", ForeignKey(image.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("batch_id", ForeignKey(batch.c.id), nullable=False, index=True),
    Column("label", Words, nullable=False),
    Column("probability", Float),  # of a doubted label, as the model saw it (doubts.py: of the one in force); else None
    Column("predicted", Words),  # what the model took it for
    Column("accepted_by", ForeignKey(decision.c.id)),
    sqlite_autoincrement=True,
)

# A label that an image had in force, from one decision until another: lessons.py. Rows stay when the image goes.
lesson = Table(
    "lesson",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("split", String(8), nullable=False),
    Column("label", Words, nullable=False),
    Column("batch_id", _Number, nullable=False, index=True),  # whose word it was
    Column("since", _Number, nullable=False),  # the decision that put it in force
    Column("until", _Number),  # the one that ended that; None while it is in force
    Index(None, "model_id", "id"),
    Index(None, "sha256", "model_id"),
    Index(None, "model_id", "since"),
    Index("ix_lesson_judging", "model_id", "id", sqlite_where=text("split = 'test' AND until IS NULL")),
    sqlite_autoincrement=True,
)

# How many images have each label in force in each split, so that nobody counts them.
tally = Table(
    "tally",
    metadata,
    Column("model_id", ForeignKey(model.c.id), primary_key=True),
    Column("split", String(8), primary_key=True),
    Column("label", Words, primary_key=True),
    Column("images", Integer, nullable=False),
)

# What was decided about the classes: vocabulary.py. A change counts until its batch is undone; the first have none.
class_change = Table(
    "class_change",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("batch_id", ForeignKey(batch.c.id), index=True),
    Column("kind", String(16), nullable=False),
    Column("name", Words, nullable=False),
    Column("becomes", Words),
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

# Files that we write or wrote and no fact names: listed before they are written, or when their last fact goes.
pending = Table(
    "pending",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("root", String(16), nullable=False),  # data or artifacts
    Column("path", Words, nullable=False),  # of a file or a folder below that root
    Column("owner", String(32)),  # the call that writes it; None once it is to go
    Column("living", Words),  # the process that writes it: living.py
    Column("decision", _Number),  # not before jobs that learn from an older state have ended
    Index(None, "root", "path"),
    Index(None, "owner"),
    sqlite_autoincrement=True,
)

version = Table(
    "version",
    metadata,
    Column("model_id", ForeignKey(model.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("created_at", String(40), nullable=False),
    Column("bytes", BigInteger, nullable=False),  # of model.onnx
    Column("job_id", _Number),
    Column("manifest", String(64), nullable=False),  # sha256 of manifest.json
    Column("figures", Content, nullable=False),  # the parts of the report that a list shows
    Column("pruned", Integer, nullable=False, server_default="0"),  # 1: its files are gone, its number is used
)

# A prediction whose picture was kept, with what was answered and what is known by now: samples.py.
sample = Table(
    "sample",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("sha256", String(64), nullable=False),  # of the pixels that the model saw; several may have the same
    Column("bytes", Integer, nullable=False),  # of their file
    Column("why", String(16), nullable=False),  # sample.py
    Column("hour", Integer, nullable=False),  # since 1970, of the answer
    Column("rank", Float, nullable=False),  # of each reason and hour the lowest are kept
    Column("probability", Float),  # that any answer of that hour had to be a random sample; None for the others
    Column("time", String(40), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("position", Integer, nullable=False),  # among the answers of that request
    Column("version", String(20), nullable=False),  # that answered
    Column("predicted", Words, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("margin", Float, nullable=False),  # between the two most probable labels
    Column("score", Float),
    Column("score_threshold", Float),
    Column("likeness", String(100), nullable=False),  # likeness.py
    Column("feedback", Words),  # the label that it had, as somebody told by the request
    Column("reviewed", Words),  # the label that it has, as somebody said who looked at the sample
    Column("skipped", Words),  # why somebody who looked at it gave no label
    Index(None, "model_id", "id"),
    Index(None, "model_id", "hour", "why", "rank"),
    Index(None, "model_id", "request_id"),
    Index(None, "sha256", "model_id"),  # in this order, since a file is asked for whatever the model
    sqlite_autoincrement=True,
)

# What was answered on a day, by label, as sums: days.py.
day = Table(
    "day",
    metadata,
    Column("model_id", ForeignKey(model.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # since 1970, in UTC
    Column("label", Words, primary_key=True),
    Column("answers", BigInteger, nullable=False),
    Column("confidence", Float, nullable=False),  # the sum of all
    Column("judged", BigInteger, nullable=False),  # those whose familiarity the model judged
    Column("unfamiliar", BigInteger, nullable=False),
)

# A version's answers were no longer like its reference: alarms.py. It is open until somebody closes it.
alarm = Table(
    "alarm",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("time", String(40), nullable=False),
    Column("version", String(20), nullable=False),
    Column("since", String(40), nullable=False),
    Column("statistic", String(20), nullable=False),
    Column("content", Content, nullable=False),
    Column("closed_at", String(40)),
    Column("closed_by", Words),
    Index(None, "model_id", "version"),
    sqlite_autoincrement=True,
)

# Calls that carry an Idempotency-Key, and what they were answered: idempotency.py.
idempotency = Table(
    "idempotency",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("key", String(64), nullable=False),  # the hash of it, and of whose it is
    Column("request", String(64), nullable=False),  # the hash of what is asked
    Column("living", Words, nullable=False),  # the process that carries it out
    Column("created_at", String(40), nullable=False),
    Column("status", Integer),  # of the answer; None while it is under way
    Column("answer", Content),
    Index(None, "model_id", "key", unique=True),
    sqlite_autoincrement=True,
)

# The pointer's way; the newest row is the pointer. Version 0 is the baseline, which no row names.
move = Table(
    "move",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("time", String(40), nullable=False),
    Column("from_version", Integer),
    Column("to_version", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # published, promoted, rolled back
    Column("by", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

# A version that a share of the requests is given to for a while, or one that is watched after its promotion: canary.py.
canary = Table(
    "canary",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("role", String(16), server_default="canary", nullable=False),
    Column("version", Integer, nullable=False),
    Column("against", Integer, nullable=False),  # the version that was current when it began, or before it was promoted
    Column("move_id", _Number, nullable=False),  # the newest by then, 0 for none: after another it ends; and by its end
    Column("sample_id", _Number, nullable=False),  # the newest sample by then
    Column("percent", Float, nullable=False),  # of the requests
    Column("seconds", Float, nullable=False),  # that it takes
    Column("requests", Integer, nullable=False),  # without which nothing can be said of it
    Column("next_seconds", Float, server_default="0", nullable=False),  # of what follows: canary.py
    Column("started_at", String(40), nullable=False),
    Column("by", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("ended_at", String(40)),
    Column("ended_by", Words),
    Column("outcome", String(16)),  # None while it goes on
    Column("why", Words),
    Column("result", Content),  # all workers' parts, once it is over
    Column("open", Integer, server_default="1"),  # 1, or None once it is over
    Index("uq_canary_open", "open", "model_id", unique=True),  # one a model: NULLs never clash
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

# What one worker has counted of a canary.
canary_part = Table(
    "canary_part",
    metadata,
    Column("canary_id", ForeignKey(canary.c.id, ondelete="CASCADE"), primary_key=True),
    Column("worker", Words, primary_key=True),
    Column("content", Content, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("state", String(16), nullable=False),  # queued, a stage of the runner's, or how it ended
    Column("created_at", String(40), nullable=False),
    Column("by", Words, nullable=False),
    Column("options", Content, nullable=False),
    Column("policy", Content, nullable=False),  # what its trainer is held to, and the trace that it is of: origin.py
    Column("cancelled", Integer, nullable=False, server_default="0"),  # 1: somebody asked for its end
    Column("decision", _Number),  # what it learns from: the dataset as this decision left it
    Column("lease", Integer, nullable=False, server_default="0"),  # counts up with each holder; 0: nobody yet
    Column("holder", Words),  # the process that runs it: living.py
    Column("heartbeat", Integer, nullable=False, server_default="0"),
    Column("events", Integer, nullable=False, server_default="0"),  # how many it has
    Column("result", Content),  # how it ended; None while it is open
    Column("candidate", Content),  # figures of a candidate that was refused and kept
    Column("open", Integer, server_default="1"),  # 1, or None once it is over
    Index("uq_job_open", "open", "model_id", unique=True),  # one open job a model: NULLs never clash
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

event = Table(
    "event",
    metadata,
    Column("job_id", ForeignKey(job.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", Content, nullable=False),
)

# When a retrain begins by itself, as people set it; no row: as by default. policies.py has this and what follows.
policy = Table(
    "policy",
    metadata,
    Column("model_id", ForeignKey(model.c.id), primary_key=True),
    Column("revision", Integer, nullable=False),  # counts up with each change by a person
    Column("content", Content, nullable=False),
    Column("stopped", Integer, nullable=False, server_default="0"),  # 1: nothing begins until a person resumes it
    Column("counts_from", _Number, nullable=False, server_default="0"),  # refusals of rows after this one count
)

# What a policy decided, and what people decided about it.
policy_decision = Table(
    "policy_decision",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("time", String(40), nullable=False),
    Column("last_time", String(40), nullable=False),  # the same was decided again, or somebody answered
    Column("times", Integer, nullable=False, server_default="1"),
    Column("reasons", Content, nullable=False),
    Column("by", Words),  # who edited, resumed or answered
    Column("decision", _Number, nullable=False),  # the dataset then, or when somebody answered
    Column("job_id", _Number),  # that it began
    Column("ended", String(16)),  # how that job did
    Column("open", Integer),  # 1: a proposal that waits
    Index("uq_policy_decision_open", "open", "model_id", unique=True),  # one a model, as open jobs
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

worker = Table(
    "worker",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_id", ForeignKey(model.c.id), nullable=False, index=True),
    Column("living", Words, nullable=False),
    Column("started_at", String(40), nullable=False),
    Column("version", Integer),  # that it serves
    Column("taking_over", Integer),  # that it is just about to serve
    Column("heartbeat", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)


def insert_row(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    """Add a row to a table that counts its rows; its number."""
    made = connection.execute(insert(table).values(row)).inserted_primary_key
    assert made is not None
    return int(made[0])
