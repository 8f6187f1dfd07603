"""The table in the documentation is what this service answers now."""

import re
from collections.abc import Iterator

import pytest

from tests.conformance import over_grpc
from tests.conformance.__main__ import Row, rows, table
from tests.conformance.calls import CALLS
from tests.conformance.server import Answer, Server
from tests.live import ROOT, GrpcServer


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcServer]:
    with GrpcServer(tmp_path_factory.mktemp("conformance"), "--trainer", "none") as server:
        yield server


def test_the_documented_table_is_what_is_answered(live: GrpcServer) -> None:
    found = rows(live.url, "digits", live.address)
    assert [row for row in found if not row.is_right] == []
    documented = re.findall(r"^\|.*\|$", (ROOT / "docs/conformance.md").read_text(), re.MULTILINE)
    ours = ["|".join(line.replace("\\|", "¦").split("|")[:4]) + "|" for line in documented]
    wanted = [line.replace("\\|", "¦") for line in table([("answered", found)]).splitlines()]
    assert [line for line in ours if "---" not in line] == [line for line in wanted if "---" not in line]


def test_an_answer_that_is_none_is_seen_as_wrong(live: GrpcServer) -> None:
    with Server(live.url, "digits") as asked:
        for wrong in (Answer(500, None, b""), Answer(500, {"error": "a fault"}, b""), Answer(302, {}, b"")):
            assert [call.name for call in CALLS if call.is_right(wrong, asked)] == []
    with over_grpc.GrpcServer(live.address, "digits") as server:
        for status in ("INTERNAL", "UNKNOWN", "UNAVAILABLE"):
            answer = over_grpc.Answer(status, None)
            assert [call.name for call in over_grpc.CALLS if call.is_right(answer, server)] == []


def test_what_is_not_so_is_told() -> None:
    assert "| 500 no JSON: **not so** |" in table([("answered", [Row("GET /v2", "200", "500 no JSON", False)])])
