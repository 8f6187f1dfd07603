"""Keys: who may do what. Of a key only its SHA-256 is kept, in a file or a variable, a line each:

    NAME SCOPES sha256:HEX        for example: ana read,teach sha256:9f86d0...

The file is read again whenever it has changed, in every worker, so that a key that is taken out is refused from the
next call on. What RELEARN_API_KEY holds is a key as well, with the name `api` and all scopes.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from server.settings import KEY_LIMIT, SettingError, Settings

API = "api"  # the name of whoever carries RELEARN_API_KEY, or needs no key
PREFIX = "relearn_"  # by which people, and programs that look for leaked keys, know one

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_HASH = re.compile(r"sha256:([0-9a-f]{64})")

logger = logging.getLogger("relearn")


class Scope(StrEnum):
    """What a key may do."""

    READ = "read"  # look at uploads, jobs, logs, versions and reports
    TEACH = "teach"  # upload, correct, accept, reject, remove
    RETRAIN = "retrain"  # start and cancel a retrain, set and answer the retrain policy
    PROMOTE = "promote"  # choose the version that serves; make and delete models


@dataclass(frozen=True)
class Key:
    """A key as it is known here."""

    name: str
    scopes: frozenset[Scope]
    sha256: bytes


class Keys:
    """Every key that this server takes."""

    def __init__(self, settings: Settings) -> None:
        own = [Key(API, frozenset(Scope), _hash(settings.api_key.encode()))] if settings.api_key else []
        self._fixed = (*own, *parsed(settings.keys, "RELEARN_KEYS"))
        self._file = Path(settings.keys_file) if settings.keys_file else None
        self._stamp: tuple[int, ...] | None = None
        self._filed: tuple[Key, ...] = ()
        # Not whether there is one: who takes the last one out of the file does not want to let everybody in.
        self.are_asked_for = bool(settings.api_key or settings.keys or settings.keys_file)

    def find(self, given: bytes) -> Key | None:
        """The key that was given. All are compared, each in constant time, by hashes that no client can choose."""
        if len(given) > KEY_LIMIT:
            return None
        digest, found = _hash(given), None
        for key in (*self._fixed, *self._current()):
            if hmac.compare_digest(digest, key.sha256):
                found = key
        return found

    def _current(self) -> tuple[Key, ...]:
        """The file's keys; what can't be read now, or is half written, leaves them as they were."""
        if self._file is None:
            return ()
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._filed = _read(self._file)
            except SettingError as error:
                logger.error("the keys stay as they were: %s", error)
            else:
                logger.info("%s was read: %d keys", self._file, len(self._filed))
        return self._filed


def check_keys(settings: Settings) -> None:
    """Raises SettingError where keys are set wrongly; for the start, when somebody is there to read it."""
    told = parsed(settings.keys, "RELEARN_KEYS") if settings.keys else None
    filed = _read(Path(settings.keys_file)) if settings.keys_file else None
    for found, where in ((told, "RELEARN_KEYS"), (filed, settings.keys_file)):
        if found is not None and not found:
            raise SettingError(f"{where} holds no key; python -m server key NAME makes one")


def new_key(name: str, scopes: Collection[Scope]) -> tuple[str, str]:
    """A key of 256 random bits, and the line to store; raises SettingError for a name that can't be one."""
    _check_name(name, "a new key")
    key = PREFIX + secrets.token_urlsafe(32)
    return key, f"{name} {','.join(each for each in Scope if each in scopes)} sha256:{_hash(key.encode()).hex()}"


def parsed(text: str, where: str) -> tuple[Key, ...]:
    """The keys in lines, or between semicolons; # begins a comment. Raises SettingError, which shows no hash."""
    found: list[Key] = []
    for number, line in enumerate(re.split("[\n;]", text), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        place = f"line {number} of {where}"
        if len(words) != 3 or not (digest := _HASH.fullmatch(words[2])):
            raise SettingError(f"{place} is not NAME SCOPES sha256:HEX; python -m server key NAME makes such a line")
        _check_name(words[0], place)
        key = Key(words[0], scopes_of(words[1], place), bytes.fromhex(digest[1]))
        if key.sha256 in {each.sha256 for each in found}:
            raise SettingError(f"{place} has the key of an earlier line")
        found.append(key)
    return tuple(found)


def scopes_of(text: str, place: str) -> frozenset[Scope]:
    """Scopes from words with commas between them; raises SettingError."""
    try:
        return frozenset(Scope(word) for word in text.split(","))
    except ValueError:
        raise SettingError(f"{place}: the scopes {text[:100]!r} must be of {', '.join(Scope)}") from None


def _check_name(name: str, place: str) -> None:
    if not _NAME.fullmatch(name) or name == API:
        raise SettingError(
            f"{place}: the name {name[:40]!r} must be of at most 40 letters, digits, . _ -, and not {API}"
        )


def _read(path: Path) -> tuple[Key, ...]:
    try:
        return parsed(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"the keys in {path} can't be read: {error}") from None


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
