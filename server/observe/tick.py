"""What is counted of a tick's records: each who counts has a part, so that none holds the event loop up for long.

web/access.py has the records and goes through the parts, one in each turn of the loop.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from server.observe.answers import Answers, Said, answers_in, said_in
from server.web.access import Record


@dataclass(frozen=True)
class Tick:
    """Those who count: records, what the answers in them come to, and these answers by the model that gave them."""

    of_records: Sequence[Callable[[Sequence[Record]], object]] = ()
    of_said: Sequence[Callable[[Said], object]] = ()
    of_answers: Sequence[Callable[[Sequence[Answers]], object]] = ()

    def count(self, records: Sequence[Record]) -> Iterator[None]:
        """Give each its own, a part at each step."""
        for take in self.of_records:
            take(records)
            yield
        answers = answers_in(records)
        yield
        said = said_in(answers)
        yield
        if said.answers:
            for add in self.of_said:
                add(said)
            yield
        for look in self.of_answers:
            look(answers)
            yield  # after the last as well: to let go of all of them takes its time
