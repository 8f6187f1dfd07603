"""The table in the documentation is what a server answers now."""

from tests.conformance.__main__ import table
from tests.conformance.calls import CALLS
from tests.conformance.server import Answer, Server
from tests.live import ROOT, LiveServer


def test_the_documented_table_is_what_is_answered(server: LiveServer) -> None:
    with Server(server.url, "digits") as asked:
        text, right = table(asked)
    assert right, text
    assert text in (ROOT / "docs/inference-protocol.md").read_text()


def test_an_answer_that_is_none_is_seen_as_wrong(server: LiveServer) -> None:
    with Server(server.url, "digits") as asked:
        for wrong in (Answer(500, None, b""), Answer(500, {"error": "a fault"}, b""), Answer(302, {}, b"")):
            assert [call.name for call in CALLS if call.is_right(wrong, asked)] == []
