"""Who may look, and who may change something."""

import base64
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from server.app import create_app
from server.configuration import load
from server.settings import Settings
from server.web.errors import Forbidden, InsufficientScope, Malformed, TooOften, Unauthorized
from server.web.guard import NEEDED, SAFE_METHODS, Guard
from server.web.keys import Keys, Scope, new_key
from server.web.rates import Rates

OURS = {b"host": b"127.0.0.1:8000"}
READER, READER_LINE = new_key("reader", [Scope.READ])
TEACHER, TEACHER_LINE = new_key("teacher", [Scope.READ, Scope.TEACH])
ENVIRONMENT = {"RELEARN_API_KEY": "secret", "RELEARN_KEYS": f"{READER_LINE}; {TEACHER_LINE}"}
PUBLIC = ("--host", "0.0.0.0", "--allow-anonymous-writes")  # noqa: S104


def guard(*flags: str, **environment: str) -> Guard:
    settings = load(list(flags), environment)
    return Guard(settings, Keys(settings), Rates(settings), ["/health", "/"])


def call(
    headers: dict[bytes, bytes], method: str = "POST", path: str = "/upload", client: str = "192.0.2.1"
) -> dict[str, Any]:
    return {
        "method": method,
        "path": path,
        "headers": list(headers.items()),
        "headers_by_name": headers,
        "client": (client, 1),
    }


@pytest.mark.parametrize("host", [b"localhost:8000", b"127.0.0.1", b"[::1]:8000", b"LOCALHOST"])
def test_loopback_names_are_ours(host: bytes) -> None:
    assert guard().admit(call({b"host": host})) == "api"


@pytest.mark.parametrize("flags", [(), PUBLIC])
@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
@pytest.mark.parametrize(
    "host",
    [b"", b"evil.example", b"127.0.0.1.evil.example", b"evil.example:8000", b"\xff", b"[", b"localhost.", b"1.2"],
)
def test_a_foreign_host_is_refused(flags: tuple[str, ...], method: str, host: bytes) -> None:
    with pytest.raises(Forbidden):
        guard(*flags).admit(call({b"host": host}, method, "/dataset"))


@pytest.mark.parametrize("host", [b"192.0.2.7:8000", b"[2001:db8::1]", b"localhost:8000", b"ours.example"])
def test_a_public_address_answers_on_addresses_and_the_names_that_were_told(host: bytes) -> None:
    guard(*PUBLIC, "--allowed-hosts", "ours.example").admit(call({b"host": host}))


def test_on_loopback_another_address_is_foreign() -> None:
    with pytest.raises(Forbidden):
        guard().admit(call({b"host": b"192.0.2.7:8000"}))


def test_the_name_that_it_listens_on_is_ours() -> None:
    guard("--host", "box.example", "--allow-anonymous-writes").admit(call({b"host": b"box.example:8000"}))


def test_whoever_has_a_key_may_use_any_name_unless_some_were_told() -> None:
    headers = {b"host": b"any.example", b"x-api-key": b"secret"}
    guard(**ENVIRONMENT).admit(call(headers))
    with pytest.raises(Forbidden):
        guard("--allowed-hosts", "ours.example", **ENVIRONMENT).admit(call(headers))


@pytest.mark.parametrize("path", ["/health", "/"])
def test_an_open_path_is_looked_at_by_anybody(path: str) -> None:
    for each in (guard(), guard(**ENVIRONMENT), guard("--allowed-hosts", "ours.example", **ENVIRONMENT)):
        each.admit(call({b"host": b"evil.example"}, "GET", path))


@pytest.mark.parametrize("path", ["/health/", "//health", "/dataset", "/nothing", "/Health", ""])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_any_other_path_is_closed_once_there_is_a_key(path: str, method: str) -> None:
    with pytest.raises(Unauthorized):
        guard(**ENVIRONMENT).admit(call(OURS, method, path))
    guard("--reads", "open", **ENVIRONMENT).admit(call(OURS, method, path))
    guard().admit(call(OURS, method, path))


@pytest.mark.parametrize(
    "headers",
    [
        {b"origin": b"http://evil.example"},
        {b"origin": b"null"},
        {b"origin": b"http://127.0.0.1:9999"},
        {b"origin": b"http://127.0.0.1:8000.evil.example"},
        {b"sec-fetch-site": b"cross-site"},
        {b"sec-fetch-site": b"same-site"},
    ],
)
def test_a_page_of_another_site_is_refused(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(Forbidden):
        guard().admit(call(OURS | headers))
    with pytest.raises(Forbidden):
        guard(**ENVIRONMENT).admit(call(OURS | headers | {b"x-api-key": b"secret"}))


@pytest.mark.parametrize(
    ("method", "path", "is_open"),
    [
        *(("GET", "/v2/models/digits", True), ("POST", "/v2/models/digits/infer", True)),
        *(("GET", "/v2/models/digits/versions/3", False), ("POST", "/v2/models/digits/versions/3/infer", False)),
        *(("POST", "/v2/repository/index", False), ("POST", "/v2/models/digits/infer/", False)),
    ],
)
def test_a_form_of_paths_is_open_and_no_other(method: str, path: str, is_open: bool) -> None:
    settings = load([], ENVIRONMENT)
    forms = ["/v2/models/{name}", "/v2/models/{name}/infer"]
    closed = Guard(settings, Keys(settings), Rates(settings), forms)
    if is_open:
        assert closed.admit(call(OURS, method, path)) == "api"
    else:
        with pytest.raises(Unauthorized):
            closed.admit(call(OURS, method, path))


@pytest.mark.parametrize(
    "path",
    ["/v2/models/digits/versions/3/infer", "/v2/repository/index", "/label-studio/predict", "/label-studio/setup"],
)
def test_a_question_that_is_posted_needs_what_a_look_needs(path: str) -> None:
    headers = OURS | {b"x-api-key": READER.encode(), b"sec-fetch-site": b"cross-site"}
    assert guard(**ENVIRONMENT).admit(call(headers, "POST", path)) == "reader"
    assert guard("--reads", "open", **ENVIRONMENT).admit(call(OURS, "POST", path)) == "api"


def test_a_password_is_a_key_for_who_can_send_nothing_else() -> None:
    for name in (b"", b"label-studio"):
        value = b"Basic " + base64.b64encode(name + b":" + READER.encode())
        assert guard(**ENVIRONMENT).admit(call(OURS | {b"authorization": value}, "GET", "/models")) == "reader"
    for wrong in (
        b"Basic",
        b"Basic ====",
        b"Basic " + base64.b64encode(READER.encode()),
        b"Basic " + base64.b64encode(b"a:"),
    ):
        with pytest.raises(Unauthorized):
            guard(**ENVIRONMENT).admit(call(OURS | {b"authorization": wrong}, "GET", "/models"))


def test_our_own_page_and_an_allowed_one_may() -> None:
    guard().admit(call(OURS | {b"origin": b"http://127.0.0.1:8000", b"sec-fetch-site": b"same-origin"}))
    guard("--allowed-origins", "https://page.example").admit(call(OURS | {b"origin": b"https://page.example"}))


@pytest.mark.parametrize(
    ("key", "name"), [("secret", "api"), (READER, "reader"), (TEACHER, "teacher")], ids=["api", "reader", "teacher"]
)
@pytest.mark.parametrize("header", [b"x-api-key", b"authorization"])
def test_a_key_is_taken_from_either_header_and_has_a_name(header: bytes, key: str, name: str) -> None:
    value = key.encode() if header == b"x-api-key" else b"bearer  " + key.encode()
    assert guard(**ENVIRONMENT).admit(call(OURS | {header: value}, "GET", "/models")) == name


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"x-api-key": b""},
        {b"x-api-key": b"secre"},
        {b"x-api-key": b"secrets"},
        {b"x-api-key": READER[:-1].encode()},
        {b"x-api-key": READER_LINE.split()[2].encode()},
        {b"x-api-key": READER_LINE.split(":")[1].encode()},
        {b"x-api-key": b"\xff\xfe"},
        {b"x-api-key": b"x" * 10**6},
        {b"x-api-key": b"wrong", b"authorization": b"Bearer secret"},
        {b"authorization": b"Basic secret"},
        {b"authorization": b"secret"},
        {b"authorization": b"Bearer"},
        {b"cookie": b"x-api-key=secret"},
    ],
)
def test_a_missing_or_wrong_key_is_refused(headers: dict[bytes, bytes], method: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        guard(**ENVIRONMENT).admit(call(OURS | headers, method))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/dataset/images/0", Scope.READ),
        ("POST", "/upload", Scope.TEACH),
        ("DELETE", "/dataset/batches/1", Scope.TEACH),
        ("POST", "/retrain", Scope.RETRAIN),
        ("DELETE", "/retrain/jobs/1", Scope.RETRAIN),
        ("POST", "/models/0/promote", Scope.PROMOTE),
    ],
)
def test_a_key_may_do_what_its_scopes_say_and_no_more(method: str, path: str, needed: Scope) -> None:
    for scope in Scope:
        key, line = new_key("one", [scope])
        asked = call(OURS | {b"x-api-key": key.encode()}, method, path)
        if scope == needed:
            assert guard(RELEARN_KEYS=line).admit(asked) == "one"
        else:
            with pytest.raises(InsufficientScope, match=f"key one may {scope}; .* may {needed}"):
                guard(RELEARN_KEYS=line).admit(asked)


def test_every_call_that_changes_something_has_its_scope() -> None:
    router = create_app(Settings(ui=Path("none"))).calls.router  # type: ignore[attr-defined]
    changing = {
        route.path.split("/")[1]
        for route in router.routes
        if isinstance(route, Route)
        and set(route.methods or ()) - {*SAFE_METHODS}
        and "predict" not in route.path
        and not route.path.endswith(("/infer", "/index"))
    }
    assert changing == NEEDED.keys()


@pytest.mark.parametrize("path", ["", "*", "x", "/", "//upload", "/nothing"])
def test_a_change_of_what_is_not_there_needs_a_key_all_the_same(path: str) -> None:
    with pytest.raises(Unauthorized):
        guard(**ENVIRONMENT).admit(call(OURS, "POST", path))
    assert guard(**ENVIRONMENT).admit(call(OURS | {b"x-api-key": READER.encode()}, "POST", path)) == "reader"


@pytest.mark.parametrize("name", [b"host", b"origin", b"sec-fetch-site", b"x-api-key", b"authorization"])
def test_headers_that_decide_may_stand_once(name: bytes) -> None:
    asked = call(OURS | {b"x-api-key": b"secret"})
    value = {b"host": b"127.0.0.1:8000", b"x-api-key": b"secret"}.get(name, b"none")
    asked["headers"] = [*asked["headers"], (name, value), (name, value)]
    with pytest.raises(Malformed):
        guard(**ENVIRONMENT).admit(asked)


class Clock:
    """The time of day, which stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000_000.0
        monkeypatch.setattr("time.time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_wrong_keys_of_an_address_are_limited_and_then_the_right_one_is_not_looked_at(clock: Clock) -> None:
    ours = guard("--failed-keys-a-minute", "3", **ENVIRONMENT)
    for _ in range(3):
        ours.admit(call(OURS | {b"x-api-key": b"secret"}))
        with pytest.raises(Unauthorized):
            ours.admit(call(OURS))  # none at all is no attempt
        with pytest.raises(Unauthorized):
            ours.admit(call(OURS | {b"x-api-key": b"guess"}, "GET"))
    for key in (b"guess", b"secret"):
        with pytest.raises(TooOften) as caught:
            ours.admit(call(OURS | {b"x-api-key": key}))
        assert 1 <= int(caught.value.headers["Retry-After"]) <= 60
    assert ours.admit(call(OURS | {b"x-api-key": b"secret"}, client="192.0.2.2")) == "api"


def test_changes_of_an_address_are_limited(clock: Clock) -> None:
    ours = guard("--address-writes-a-minute", "2")
    for _ in range(2):
        ours.admit(call(OURS))
    with pytest.raises(TooOften, match="2 changes from this address"):
        ours.admit(call(OURS))
    ours.admit(call(OURS, client="192.0.2.2"))
    ours.admit(call(OURS, "GET"))
    for seconds in (120, -3600):  # later, and where somebody sets the clock back
        clock.now += seconds
        ours.admit(call(OURS))


def test_changes_of_a_key_are_limited_wherever_they_come_from(clock: Clock) -> None:
    ours = guard("--key-writes-a-minute", "2", **ENVIRONMENT)
    asked = OURS | {b"x-api-key": TEACHER.encode()}
    for number in range(2):
        ours.admit(call(asked, client=f"192.0.2.{number}"))
    with pytest.raises(TooOften, match="2 changes with the key teacher"):
        ours.admit(call(asked, client="192.0.2.9"))
    ours.admit(call(asked, "GET"))
    assert ours.admit(call(OURS | {b"x-api-key": b"secret"})) == "api"
