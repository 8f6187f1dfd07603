"""What a stream of events says is read whole, in whatever pieces it comes."""

import pytest

from tests.live import LiveServer
from tests.ui.conftest import OpenPage

SENT = (
    ": nothing new\n\n"
    'id: 1\nevent: progress\ndata: {"stage": "training ü"}\n\n'
    ": nothing new\n\n"
    'id: 1\nevent: result\ndata: {"state": "done"}\n\n'
)
READ = """async ([sent, size]) => {
  const { eventsOf } = await import(new URL("app/events.js", document.baseURI));
  const bytes = new TextEncoder().encode(sent);
  const body = new ReadableStream({
    start(control) {
      for (let at = 0; at < bytes.length; at += size) control.enqueue(bytes.slice(at, at + size));
      control.close();
    },
  });
  const read = [];
  for await (const { id, event, data } of eventsOf(body)) read.push([id, event, JSON.parse(data)]);
  return read;
}"""


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_events_are_read_and_comments_let_pass(server: LiveServer, open_page: OpenPage, size: int) -> None:
    page = open_page(server.url)
    assert page.evaluate(READ, [SENT, size]) == [
        ["1", "progress", {"stage": "training ü"}],
        ["1", "result", {"state": "done"}],
    ]
