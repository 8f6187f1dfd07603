"""Keys: made once, kept as hashes, found by comparing, read again when their file changes."""

import hashlib
import hmac
import logging
from pathlib import Path

import pytest

from server.configuration import load
from server.settings import KEY_LIMIT, SettingError
from server.web import keys
from server.web.keys import Keys, Scope, check_keys, new_key, parsed


def keys_in(file: Path) -> Keys:
    return Keys(load(["--keys-file", str(file)], {}))


def test_a_new_key_is_random_and_its_line_is_its_hash() -> None:
    key, line = new_key("ana", [Scope.TEACH, Scope.READ])
    assert len(key) == len(keys.PREFIX) + 43, "256 bits, in base64"
    assert key != new_key("ana", [Scope.READ])[0]
    assert line == f"ana read,teach sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    (found,) = parsed(line, "here")
    assert (found.name, found.scopes) == ("ana", frozenset({Scope.READ, Scope.TEACH}))


def test_lines_have_comments_and_blanks() -> None:
    text = f"# whose\n\n  {new_key('a', [Scope.READ])[1]}  # the first\r\n;{new_key('b', [Scope.READ])[1]};"
    assert [key.name for key in parsed(text, "here")] == ["a", "b"]


HASH = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "line",
    [
        "ana",
        "ana read",
        f"ana read {HASH} more",
        f"ana read {HASH[7:]}",
        f"ana read {HASH[:-1]}",
        f"ana read {HASH}0",
        f"ana read {HASH.upper()}",
        f"ana write {HASH}",
        f"ana read,,teach {HASH}",
        f"ana Read {HASH}",
        f"api read {HASH}",
        f"äna read {HASH}",
        f"-x read {HASH}",
        f"{'a' * 41} read {HASH}",
        f"ana read {HASH}\nbob read {HASH}",
    ],
)
def test_a_line_that_is_none_is_named_and_its_hash_is_not_shown(line: str) -> None:
    with pytest.raises(SettingError, match=r"line [12] of here") as caught:
        parsed(line, "here")
    assert "0000" not in str(caught.value)


def test_a_file_without_a_key_or_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    settings = load(["--keys-file", str(tmp_path / "keys")], {})
    with pytest.raises(SettingError, match="can't be read"):
        check_keys(settings)
    (tmp_path / "keys").write_text("# nobody yet\n")
    with pytest.raises(SettingError, match="holds no key"):
        check_keys(settings)
    (tmp_path / "keys").write_bytes(b"\xff")
    with pytest.raises(SettingError, match="can't be read"):
        check_keys(settings)


@pytest.mark.parametrize("text", [" ", ";", "\n", "# nobody yet"])
def test_a_variable_without_a_key_stops_the_start(text: str) -> None:
    settings = load(["--host", "0.0.0.0"], {"RELEARN_KEYS": text})  # noqa: S104
    with pytest.raises(SettingError, match="RELEARN_KEYS holds no key"):
        check_keys(settings)
    assert Keys(settings).are_asked_for, "and opens nothing where nobody checked"


def test_a_worker_that_starts_while_the_file_is_broken_lets_nobody_in_and_reads_it_later(tmp_path: Path) -> None:
    key, line = new_key("ana", [Scope.READ])
    (tmp_path / "keys").write_text(line[:50])
    ours = keys_in(tmp_path / "keys")
    assert ours.are_asked_for
    assert ours.find(key.encode()) is None
    (tmp_path / "keys").write_text(line)
    assert ours.find(key.encode()) is not None


def test_the_file_is_read_again_when_it_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "relearn")
    file = tmp_path / "keys"
    (first, first_line), (second, second_line) = (new_key(name, [Scope.READ]) for name in ("first", "second"))
    file.write_text(first_line)
    ours = keys_in(file)

    def names() -> list[str]:
        return [found.name for key in (first, second) if (found := ours.find(key.encode()))]

    assert names() == ["first"]
    file.write_text(f"{first_line}\n{second_line}\n")
    assert names() == ["first", "second"]
    file.write_text(f"{second_line}\n{first_line[:50]}")  # half written
    assert names() == ["first", "second"]
    file.unlink()
    assert names() == ["first", "second"]
    file.write_text(second_line)
    assert names() == ["second"]
    file.write_text("# nobody any more\n")
    assert names() == []
    assert ours.are_asked_for, "whoever takes the last key out opens nothing"
    assert first not in caplog.text
    assert first_line.split(":")[1] not in caplog.text
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO", "ERROR", "ERROR", "INFO", "INFO"]


def test_every_key_is_compared_in_constant_time_by_its_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [new_key(name, [Scope.READ]) for name in "abc"]
    ours = Keys(load([], {"RELEARN_KEYS": ";".join(line for _, line in made), "RELEARN_API_KEY": "own"}))
    compared, compare_digest = list[tuple[bytes, bytes]](), hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    monkeypatch.setattr("server.web.keys.hmac.compare_digest", compare)
    given = made[0][0].encode()
    found = ours.find(given)
    assert found is not None
    assert found.name == "a"
    assert {one for one, _ in compared} == {hashlib.sha256(given).digest()}
    assert len(compared) == 4, "the first that fits ends nothing early"


def test_what_is_too_long_for_a_key_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Keys(load([], {"RELEARN_API_KEY": "k" * KEY_LIMIT}))
    assert ours.find(b"k" * KEY_LIMIT) is not None
    monkeypatch.setattr(keys, "_hash", lambda _: pytest.fail("it was hashed"))
    assert ours.find(b"k" * (KEY_LIMIT + 1)) is None


def test_no_secret_is_shown_with_the_settings() -> None:
    settings = load([], {"RELEARN_API_KEY": "own-secret", "RELEARN_KEYS": new_key("a", [Scope.READ])[1]})
    assert "own-secret" not in repr(settings)
    assert "sha256" not in repr(settings)
