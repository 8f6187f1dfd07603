"""Settings come from flags, the environment and defaults, and a wrong one stops the start with a sentence."""

import pytest

from server.settings import SettingError, Settings, load


def test_defaults_stand_alone() -> None:
    settings = load([], {})
    assert settings.host == "127.0.0.1"
    assert settings.artifacts.is_absolute()


def test_a_flag_wins_over_the_environment_and_that_over_the_default() -> None:
    assert load([], {"RELEARN_PORT": "9000"}).port == 9000
    assert load(["--port", "9001"], {"RELEARN_PORT": "9000"}).port == 9001
    assert load(["--allow-anonymous-writes", "--host", "0.0.0.0"], {}).allow_anonymous_writes  # noqa: S104


def test_the_platform_s_port_is_taken_unless_ours_is_given() -> None:
    assert load([], {"PORT": "10000"}).port == 10000
    assert load([], {"PORT": "10000", "RELEARN_PORT": "9000"}).port == 9000
    assert load(["--port", "9001"], {"PORT": "10000"}).port == 9001


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"RELEARN_PROT": "1"}, "RELEARN_PROT is not a setting"),
        ({"RELEARN_PORT": "many"}, "whole number"),
        ({"RELEARN_PORT": "70000"}, "at most 65535"),
        ({"RELEARN_WORKERS": "0"}, "at least 1"),
        ({"RELEARN_DRAIN_SECONDS": "-1"}, "at least 0"),
        ({"RELEARN_GRACE_SECONDS": "nan"}, "at least"),
        ({"RELEARN_ALLOW_ANONYMOUS_WRITES": "perhaps"}, "true or false"),
        ({"RELEARN_NAME": "../x"}, "letters"),
        ({"RELEARN_TRAINER": "magic"}, "one of"),
        ({"RELEARN_DOCKER_CPUS": "0"}, "at least"),
        ({"RELEARN_DOCKER_MEMORY_BYTES": "4g"}, "whole number"),
        ({"RELEARN_BATCH_LIMIT": "64", "RELEARN_QUEUE_LIMIT": "32"}, "no batch could ever fill"),
        ({"RELEARN_BODIES_LIMIT_BYTES": str(2**25 - 1)}, "no such body could ever be taken"),
        ({"RELEARN_API_KEY": "schlüssel"}, "ASCII"),
        ({"RELEARN_DATABASE": "relearn.sqlite3"}, "must be postgresql"),
        ({"RELEARN_DATABASE": "postgresql://user@host/name"}, "must be postgresql"),
        ({"RELEARN_DATABASE": "mysql://user@host/name"}, "must be postgresql"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(environment: dict[str, str], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        load([], environment)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104
def test_a_public_host_needs_a_key_or_plain_words(host: str) -> None:
    with pytest.raises(SettingError, match="without a key"):
        load(["--host", host], {})
    load(["--host", host], {"RELEARN_API_KEY": "k"})
    load(["--host", host, "--allow-anonymous-writes"], {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert load(["--host", host], {}) != Settings()
