"""Settings come from flags, the environment and defaults, and a wrong one stops the start with a sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from server.configuration import load
from server.settings import STORE, SettingError, Settings


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


def test_where_clients_find_a_server_is_no_setting_and_no_mistake() -> None:
    assert load([], {"RELEARN_URL": "http://elsewhere:9000"}) == load([], {})


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
        ({"RELEARN_URL_LIMIT_BYTES": "40000"}, "which counts the URL too"),
        ({"RELEARN_URL_LIMIT_BYTES": "65536", "RELEARN_HEADER_LIMIT_BYTES": "100000"}, "under 65536"),
        ({"RELEARN_BATCH_LIMIT": "64", "RELEARN_QUEUE_LIMIT": "32"}, "no batch could ever fill"),
        ({"RELEARN_BODIES_LIMIT_BYTES": str(2**25 - 1)}, "no such body could ever be taken"),
        ({"RELEARN_API_KEY": "schlüssel"}, "ASCII"),
        ({"RELEARN_API_KEY": "from a file\n"}, "blanks"),
        ({"RELEARN_API_KEY": " k"}, "blanks"),
        ({"RELEARN_API_KEY": "k" * 513}, "at most 512"),
        ({"RELEARN_LABEL_STUDIO_URL": "studio.example.com"}, "https://studio.example.com"),
        ({"RELEARN_LABEL_STUDIO_URL": "https://name:word@studio.example.com"}, "must look like"),
        ({"RELEARN_LABEL_STUDIO_TOKEN": "two\nlines"}, "ASCII"),
        ({"RELEARN_READS": "closed"}, "key, open"),
        ({"RELEARN_TRUSTED_PROXIES": "10.0.0.1, proxy.example"}, "'proxy.example'"),
        ({"RELEARN_TRUSTED_PROXIES": "10.0.0.1/8"}, "host bits"),
        ({"RELEARN_FAILED_KEYS_A_MINUTE": "0"}, "at least 1"),
        *[({"RELEARN_OTLP_ENDPOINT": url}, "must be a URL") for url in ("collector:4318", "grpc://c:1", "http://[c")],
        ({"RELEARN_OTLP_ENDPOINT": "http://c:many"}, "must be a URL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:hidden@c:4318"}, "has a password; OTEL_EXPORTER_OTLP_HEADERS"),
        ({"RELEARN_DATABASE": "relearn.sqlite3"}, "must be postgresql"),
        ({"RELEARN_DATABASE": "postgresql://user@host/name"}, "must be postgresql"),
        ({"RELEARN_DATABASE": "mysql://user@host/name"}, "must be postgresql"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(environment: dict[str, str], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        load([], environment)


def test_a_program_reads_the_settings_that_it_has_use_for(tmp_path: Path) -> None:
    environment = {"RELEARN_ARTIFACTS": str(tmp_path), "RELEARN_HOST": "0.0.0.0", "RELEARN_PORT": "many"}  # noqa: S104
    assert load([], environment, STORE) == replace(load([], {}), artifacts=tmp_path)
    assert load(["--artifacts", "/flag", "--port", "none"], environment, STORE).artifacts == Path("/flag")
    with pytest.raises(SettingError, match="RELEARN_ARTEFACTS is not a setting"):
        load([], {"RELEARN_ARTEFACTS": str(tmp_path)}, STORE)


def test_an_empty_path_is_none() -> None:
    assert load([], {"RELEARN_ARTIFACTS": "", "RELEARN_DATA": ""}) == load([], {})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104
def test_a_public_host_needs_a_key_or_plain_words(host: str) -> None:
    with pytest.raises(SettingError, match="without a key"):
        load(["--host", host], {})
    load(["--host", host], {"RELEARN_API_KEY": "k"})
    load(["--host", host], {"RELEARN_KEYS": "k"})
    load(["--host", host, "--keys-file", "keys"], {})
    for reads in ("open", "key"):
        with pytest.raises(SettingError, match="without a key"):
            load(["--host", host, "--reads", reads], {"RELEARN_API_KEY": ""})
    load(["--host", host, "--allow-anonymous-writes"], {})


@pytest.mark.parametrize("flag", ["--api-key", "--keys", "--api-k"])
@pytest.mark.parametrize("how", [["{}", "hidden-1"], ["{}=hidden-1"], ["{}"]])
def test_a_secret_is_no_flag_and_the_sentence_does_not_repeat_it(flag: str, how: list[str]) -> None:
    with pytest.raises(SettingError, match=r"^--(api-key|keys) is no flag: .*RELEARN_(API_KEY|KEYS)") as caught:
        load([part.format(flag) for part in how], {})
    assert "hidden" not in str(caught.value)


def test_a_password_is_in_no_flag_either() -> None:
    url = "postgresql+psycopg://relearn:hidden@127.0.0.1/relearn"
    with pytest.raises(SettingError, match="set RELEARN_DATABASE") as caught:
        load(["--database", url], {})
    assert "hidden" not in str(caught.value)
    assert load(["--database", "sqlite:////tmp/facts"], {}).database == "sqlite:////tmp/facts"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert load(["--host", host], {}) != Settings()


def test_a_model_that_begins_from_nothing_has_a_name_of_its_own() -> None:
    assert load(["--labels", "cat, dog"], {}).name == load([], {"RELEARN_LABELS": "cat,dog"}).name == "pictures"
    assert load(["--labels", "cat,dog", "--name", "pets"], {}).classes == ("cat", "dog")
    assert load([], {"RELEARN_LABELS": "cat,dog"}, STORE).name == "pictures"  # the trainer's and the check's
    assert (load([], {}).name, load([], {}).classes) == ("digits", ())


@pytest.mark.parametrize("labels", ["cat", "cat,cat", ",", "cat,dog,cat"])
def test_it_begins_with_two_classes_at_least(labels: str) -> None:
    with pytest.raises(SettingError, match="two names or more"):
        load(["--labels", labels], {})


def test_a_collector_may_be_named_by_the_variable_that_others_read() -> None:
    others = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://theirs:4318"}
    assert load([], others).otlp_endpoint == "http://theirs:4318"
    assert load([], others | {"RELEARN_OTLP_ENDPOINT": "http://ours:4318"}).otlp_endpoint == "http://ours:4318"
    assert load([], others | {"RELEARN_OTLP_ENDPOINT": ""}).otlp_endpoint == ""
    for disabled in (others, {"RELEARN_OTLP_ENDPOINT": "http://ours:4318"}):
        assert load([], disabled | {"OTEL_SDK_DISABLED": "True"}).otlp_endpoint == ""
    assert load([], others, STORE).otlp_endpoint == ""  # a trainer sends nothing
