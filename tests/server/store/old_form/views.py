"""The new store seen as the service saw its uploads before, so that the two can be compared."""

from server.store.memory import Memory
from tests.server.store.old_form.uploads import View

MANY = 10**6


def view(memory: Memory) -> View:
    """Every image with its label and its split: of a doubted one, what is suspected, whatever is in force meanwhile."""
    found = memory.browser.page(MANY).pictures
    return {
        each.sha256: (each.suspected, "suspect") if each.suspected is not None else (str(each.label), each.split)
        for each in found
    }


def changed(before: View, after: View) -> dict[str, list[str] | None]:
    """What differs: the image's new label and split, None if it is gone."""
    return {
        sha: list(after[sha]) if sha in after else None for sha in {*before, *after} if after.get(sha) != before[sha]
    }
