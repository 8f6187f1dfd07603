"""How far a command is: on a terminal only."""

import io

from server.machine.progress import Progress


def test_progress_is_told_on_a_terminal_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        progress = Progress(stream)
        progress.tell("pictures", 200, 100_000)
        progress.end()
    assert terminal.getvalue() == "\rpictures: 200 of 100,000\033[K\r\033[K"
    assert file.getvalue() == ""
