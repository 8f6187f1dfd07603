"""metadata.csv and metadata.jsonl, as Hugging Face's imagefolder has them: a row for each picture."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

from server.layouts.errors import DatasetError
from server.layouts.tree import Tree

METADATA = ("metadata.csv", "metadata.jsonl")


@dataclass(frozen=True)
class Row:
    """What is said of one picture."""

    origin: str  # list and line, for messages
    file_name: str  # from the folder of the list
    label: str
    split: str | None
    source: str | None


def rows_of(tree: Tree, name: str) -> Iterator[Row]:
    """The rows of one list; raises DatasetError that names the line."""
    try:
        text = tree.read(name).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{tree.name(name)}: expected text in UTF-8; it can't be read: {error}") from None
    for line, given in _records(text, tree.name(name), name.endswith(".jsonl")):
        origin = f"{tree.name(name)}, line {line}"
        file_name, label, split, source = (given.get(each) for each in ("file_name", "label", "split", "source"))
        if not isinstance(file_name, str) or not file_name or label in (None, "") or not _is_plain(label):
            raise DatasetError(f"{origin}: expected a file_name and a label, found {sorted(map(str, given))[:6]}")
        yield Row(origin, file_name, str(label), *(str(each) if each else None for each in (split, source)))


def _is_plain(label: object) -> bool:
    return isinstance(label, str | int) and not isinstance(label, bool)


def _records(text: str, origin: str, is_json: bool) -> Iterator[tuple[int, dict[str, object]]]:
    if not is_json:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        try:
            for record in reader:
                yield reader.line_num, dict(record)
        except csv.Error as error:
            raise DatasetError(f"{origin}, line {reader.line_num}: it is no CSV: {error}") from None
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DatasetError(f"{origin}, line {number}: it is no JSON: {error}") from None
            if not isinstance(record, dict):
                raise DatasetError(f"{origin}, line {number}: expected an object, found {line[:40]!r}")
            yield number, record
