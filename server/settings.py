"""What can be set: one table, read once at start.

Every setting is a field with its unit, default and help. It is given as a flag of `python -m server` (--queue-limit),
as an environment variable (RELEARN_QUEUE_LIMIT), or left at its default; a flag wins over the environment. A secret is
given as a variable only, since a command line can be read by every user of the machine. PORT, which hosting platforms
set, is read where RELEARN_PORT is not there, OTEL_EXPORTER_OTLP_ENDPOINT where RELEARN_OTLP_ENDPOINT is not.
"""

import ipaddress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar

PREFIX = "RELEARN_"
BEGUN = "pictures"  # the name of a model that begins from nothing, unless it is given one
CLIENT_URL = "RELEARN_URL"  # no setting: it tells clients where the server is, and may stand in the server's shell too
LOG_FORMATS = ("lines", "json")
LAUNCHERS = ("process", "docker", "none")
STORE = ("artifacts", "data", "baseline", "name", "database")  # where all programs find what is stored
LOADING = ("batch_limit", "queue_limit", "load_limit_seconds", "load_limit_bytes")  # what a version is loaded under
HELD_OUT_LEAST = 100  # held-out uploads: fewer can't judge
KEY_LIMIT = 512  # characters; what is longer is no key, and not worth hashing

T = TypeVar("T")


class SettingError(Exception):
    """A setting that can't be used; the message names it, its value and what it may be."""


def setting(default: T, unit: str, help_text: str, is_limit: bool = False) -> T:
    """A field of Settings: its default, the unit a value is given in, and what it decides."""
    metadata = {"unit": unit, "help": help_text, "is_limit": is_limit, "secret": False}
    value: T = field(default=default, metadata=metadata)
    return value


def secret(help_text: str) -> str:
    """A field of Settings that is given as a variable only, and shown nowhere."""
    metadata = {"unit": "secret", "help": help_text, "is_limit": False, "secret": True}
    value: str = field(default="", repr=False, metadata=metadata)
    return value


def limit(default: T, unit: str, help_text: str) -> T:
    """A field of Settings that bounds what clients may bring or take: docs/limits.md and /health have it."""
    return setting(default, unit, help_text, is_limit=True)


@dataclass(frozen=True)
class Settings:
    """The settings of one server; complete and checked after `load`."""

    host: str = setting("127.0.0.1", "address", "address to listen on")
    port: int = setting(8000, "port", "port to listen on; 0 takes a free one")
    grpc_port: int | None = setting(None, "port", "port of gRPC, if that is to be spoken; 0 takes a free one")
    log_format: str = setting("lines", "word", "how the log of requests and that of events are written: lines, or json")
    otlp_endpoint: str = setting("", "URL", "collector that traces are sent to, by OTLP over HTTP; empty: none")
    root_path: str = setting("", "path", "prefix that a proxy puts before every path and leaves on, such as /relearn")
    workers: int = setting(1, "processes", "worker processes; one a core that is to serve")
    name: str = setting("digits", "name", "model to serve: a folder under artifacts/models")
    labels: str = setting(
        "", "names", "classes, with commas, of a model that begins from nothing: no baseline, no base dataset"
    )
    models_loaded: int = setting(8, "models", "most models beside that one which a worker keeps loaded, under /m/")
    model_idle_seconds: float = setting(600.0, "seconds", "after so long without a call such a model is unloaded")
    artifacts: Path = setting(Path("artifacts"), "folder", "models, jobs and candidates")
    baseline: Path = setting(Path("artifacts/baseline"), "folder", "model served while none is published; read only")
    data: Path = setting(Path("data"), "folder", "uploaded images")
    database: str = setting("", "URL", "PostgreSQL for all facts; empty: the file relearn.sqlite3 in artifacts")
    dataset: Path = setting(Path("data/mnist"), "folder", "base dataset a retrain learns from; read only")
    ui: Path = setting(Path("ui"), "folder", "the page; read only")
    keys_file: str = setting("", "file", "keys, a line each as python -m server key prints it; read when it changes")
    keys: str = secret("keys as lines of such a file, with ; between them")
    api_key: str = secret("one more key, named api, with all scopes")
    reads: str = setting("key", "word", "who may look at uploads, jobs and versions once there is a key: key, or open")
    key_writes_a_minute: int = setting(6000, "calls", "most changing calls of one key")
    address_writes_a_minute: int = setting(6000, "calls", "most changing calls of one address")
    failed_keys_a_minute: int = setting(30, "calls", "most wrong keys of one address")
    trusted_proxies: str = setting("127.0.0.1,::1", "addresses", "proxies whose X-Forwarded- headers are believed")
    allow_anonymous_writes: bool = setting(
        False, "switch", "let anyone who reaches the server change things, without a key, beyond loopback"
    )
    allowed_hosts: str = setting("", "names", "comma-separated Host names to answer on, beside those that are known")
    allowed_origins: str = setting("", "origins", "comma-separated origins of other sites whose pages may call the API")
    connection_limit: int = limit(10_000, "connections", "most connections of a worker; more are refused with 503")
    header_limit_bytes: int = limit(32 * 2**10, "bytes", "largest request header, its first line included")
    header_limit_lines: int = limit(100, "lines", "most lines of a request header")
    url_limit_bytes: int = limit(8 * 2**10, "bytes", "longest URL of a request")
    content_type_limit_bytes: int = limit(2**10, "bytes", "longest Content-Type of a request")
    body_limit_bytes: int = limit(32 * 2**20, "bytes", "largest request body")
    bodies_limit_bytes: int = limit(
        256 * 2**20, "bytes", "most that bodies, and pictures out of uploads, may take of a worker's memory at once"
    )
    json_limit_bytes: int = limit(16 * 2**10, "bytes", "largest request body that is JSON")
    unread_limit_bytes: int = limit(128 * 2**20, "bytes", "most of a body that no call reads which is let pass")
    idle_seconds: float = limit(75.0, "seconds", "longest a connection may wait for its next request")
    header_seconds: float = limit(10.0, "seconds", "longest a request header may take to arrive")
    body_silence_seconds: float = limit(10.0, "seconds", "longest a request body may bring nothing")
    pace_limit_bytes: int = limit(
        4096, "bytes a second", "slowest pace of a body, after that time, and of a client that reads its answer"
    )
    unread_seconds: float = limit(2.0, "seconds", "longest a body that no call reads is let pass")
    answer_seconds: float = limit(30.0, "seconds", "longest a client may read nothing of its answer")
    image_limit_pixels: int = limit(40_000_000, "pixels", "largest picture, by width times height")
    image_limit_bytes: int = limit(128 * 2**20, "bytes", "most memory that reading one picture may take")
    webp_limit_pixels: int = limit(
        2_100_000, "pixels", "largest WebP, and BMP with run lengths: they are handed over whole, and all else waits"
    )
    upload_limit_files: int = limit(1000, "files", "most images in one upload or batch prediction")
    zip_limit_files: int = limit(10_000, "files", "most files in a zip that is uploaded")
    zip_limit_bytes: int = limit(256 * 2**20, "bytes", "most bytes that such a zip may unpack to")
    upload_quota_images: int = setting(100_000, "images", "most uploaded images that are kept")
    upload_quota_bytes: int = setting(4 * 2**30, "bytes", "most disk space of uploaded images")
    held_out_limit: int = setting(
        0, "images", "most held-out uploads that judge, 100 at least: the oldest of more are learnt from; 0: all judge"
    )
    suspect_below: float = setting(
        0.02, "probability", "an upload whose label the model finds less probable is put aside as a suspect"
    )
    collect: bool = setting(False, "switch", "keep samples of what is predicted: docs/privacy.md")
    collect_share: float = setting(0.01, "probability", "that any answer is kept as a random sample")
    collect_an_hour: int = setting(
        20, "samples", "most samples of a reason in an hour: random, unsure, unfamiliar, shadow"
    )
    collect_samples: int = setting(5000, "samples", "most samples that are kept; beyond it the oldest go")
    collect_bytes: int = setting(64 * 2**20, "bytes", "most that their files take; beyond it the oldest go")
    collect_days: int = setting(30, "days", "after so long a sample goes, labelled or not")
    label_studio_url: str = setting(
        "", "URL", "Label Studio, whose uploaded files its tasks may name; empty: none are read"
    )
    label_studio_token: str = secret("access token under which they are read")
    drift_false_alarm_requests: int = setting(
        100_000, "requests", "at most one false alarm of drift in so many, 1,000 at least; 0: it is not watched"
    )
    batch_limit: int = setting(
        32,
        "images",
        "most images the model sees at once; of one tensor up to four times as many, where that takes two milliseconds",
    )
    queue_limit: int = limit(1024, "images", "most images waiting for the model; more are refused with 503")
    threads_queue_limit: int = limit(
        32, "requests", "most requests with large pictures or forms waiting for a thread; more are refused with 503"
    )
    queue_timeout_seconds: float = limit(5.0, "seconds", "longest an image may wait for a thread, or for the model")
    hang_seconds: float = setting(
        30.0, "seconds", "a worker that stands still so long is replaced; a single one has nobody who would see it"
    )
    drain_seconds: float = limit(
        1.0, "seconds", "after SIGTERM, time in which /readyz says 503 and all is still served"
    )
    grace_seconds: float = limit(30.0, "seconds", "after that, longest wait for requests that are being answered")
    trainer: str = setting("process", "word", "how a retrain is started: process, docker, or none where a runner waits")
    trainer_python: Path = setting(Path(".venv-train/bin/python"), "file", "interpreter of the train environment")
    docker_image: str = setting("relearn-train", "image", "image of the trainer's container, with trainer=docker")
    docker_memory_bytes: int = setting(4 * 2**30, "bytes", "memory of the trainer's container, swap included")
    docker_cpus: float = setting(1.0, "cores", "processor time of the trainer's container")
    docker_processes: int = setting(1024, "processes", "most processes and threads in the trainer's container")
    docker_network: str = setting("none", "network", "of the trainer's container; PostgreSQL needs one that reaches it")
    docker_artifacts: str = setting("", "mount", "artifacts for the container: a host folder or a volume; see docs")
    docker_data: str = setting("", "mount", "uploads for the container: a host folder or a volume; see docs")
    docker_dataset: str = setting("", "mount", "base dataset for the container: a host folder, a volume, or image")
    docker_baseline: str = setting("", "mount", "baseline for the container: a host folder, a volume, or image")
    job_start_seconds: float = setting(60.0, "seconds", "a job that no runner took up by then has failed")
    gate_accuracy_margin: float = setting(0.003, "share", "accuracy that a new model may lack of the current one's")
    gate_anchor_margin: float = setting(
        0.005, "share", "accuracy that a new model may lack of the best version so far and of the baseline"
    )
    gate_significance: float = setting(0.01, "probability", "level at which a paired loss counts as one")
    gate_calibration_margin: float = setting(0.01, "share", "calibration error that a new model may have more")
    gate_cost_factor: float = setting(2.0, "factor", "multiply-adds and nodes that a new model may have, in all")
    load_limit_seconds: float = setting(5.0, "seconds", "processor time that the first load of a version may take")
    load_limit_bytes: int = setting(512 * 2**20, "bytes", "memory that the first load of a version may take")
    keep_versions: int = setting(20, "versions", "published versions kept beside the current and the previous")
    keep_jobs: int = setting(50, "jobs", "finished jobs and refused candidates that are kept")
    job_limit_seconds: float = setting(3600.0, "seconds", "longest a training job may take")
    promote_wait_seconds: float = setting(
        15.0, "seconds", "longest wait for every worker to take over a promoted model"
    )

    @property
    def limits(self) -> dict[str, float]:
        """What clients may bring or take at most."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.metadata["is_limit"]}

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names that were told, which guarded calls may carry beside loopback's."""
        return _words(self.allowed_hosts)

    @property
    def classes(self) -> tuple[str, ...]:
        return _words(self.labels)

    @property
    def origins(self) -> tuple[str, ...]:
        return _words(self.allowed_origins)

    @property
    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        try:
            return tuple(map(ipaddress.ip_network, _words(self.trusted_proxies)))
        except ValueError as error:
            raise SettingError(f"RELEARN_TRUSTED_PROXIES must be addresses or networks: {error}") from None


def is_loopback(host: str) -> bool:
    """Whether an address or name reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
