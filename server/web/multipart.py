"""The parts of a multipart/form-data body (RFC 7578): a fast path for what nearly every client sends, and the library.

Browsers, curl and the HTTP libraries send one file as one part with a plain header; that is found by slicing. Anything
else goes through python-multipart. Where the fast path answers, it answers what the library would.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

import python_multipart
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from server.web.errors import BodyTooLarge, Malformed

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD_LIMIT_BYTES = 2**20  # the largest field that is not a file
PART_LIMIT_SLACK = 8  # parts beyond the files: labels, source
FILES_COUNTED = 100  # of a form that is to have one file: so that whoever sends several is told how many

# A token or a quoted string without escapes; other spellings are the library's business.
_BOUNDARY = re.compile(rb'multipart/form-data; ?boundary=("?)([0-9A-Za-z\'()+_,./:=? -]{1,70})\1', re.IGNORECASE)
_FILE_HEAD = re.compile(
    rb'\r\ncontent-disposition: form-data; name="([^"\\\r\n;]*)"; filename="([^"\\\r\n;]*)"'
    rb"(?:\r\ncontent-type: [^\r\n]+)?",
    re.IGNORECASE,
)


class Part(NamedTuple):
    """One part of a form. A client's file name is a display name only: it never becomes a path."""

    name: str  # without the [] that PHP and jQuery put behind the name of a list
    filename: str | None  # None for a field that is not a file
    data: bytes


def is_form(content_type: bytes) -> bool:
    return content_type[:19].lower() == b"multipart/form-data"


def only_file(content_type: bytes, body: bytes) -> bytes:
    """The bytes of the one part called `file`; raises Malformed if there is none, or more than one."""
    found = _only_part(content_type, body)
    if found is not None and found[0] == b"file":
        return found[1]
    listed = parts(content_type, body, FILES_COUNTED)
    files = [part.data for part in listed if part.name == "file"]
    if len(files) != 1:
        others = _others(listed, "file")
        raise Malformed(
            f"the form has {len(files)} parts called 'file'{others}; send exactly one: curl -F file=@digit.png …"
        )
    return files[0]


def files_of(listed: list[Part], example: str) -> list[Part]:
    """The files called `files`, in order; raises Malformed if there is none."""
    files = [part for part in listed if part.name == "files" and part.filename is not None]
    if files:
        return files
    if any(part.name == "files" for part in listed):
        raise Malformed(f"the part called 'files' is no file: it has no file name; send at least one file: {example}")
    raise Malformed(f"the form has no parts called 'files'{_others(listed, 'files')}; send at least one: {example}")


def parts(content_type: bytes, body: bytes, files_limit: int) -> list[Part]:
    """Every part in order. Raises Malformed for a broken form, BodyTooLarge for more files than allowed."""
    plain = _plain_files(content_type, body, files_limit)
    return _parsed(content_type, body, files_limit) if plain is None else plain


def _others(listed: list[Part], wanted: str) -> str:
    """What a form has under other names, for a sentence."""
    names = list(dict.fromkeys(f"'{part.name[:40]}'" for part in listed if part.name != wanted))
    return f", but {', '.join(names[:3])}" if names else ""


def _parsed(content_type: bytes, body: bytes, files_limit: int) -> list[Part]:
    """Every part as the library finds it; raises what `parts` raises."""
    options = parse_options_header(content_type)[1]
    if b"boundary" not in options:
        raise Malformed("the multipart body names no boundary in its Content-Type; let your HTTP library write it")
    collector = _Collector(files_limit)
    try:
        parser = python_multipart.MultipartParser(options[b"boundary"], collector.callbacks())
        parser.write(_from_first_delimiter(b"--" + options[b"boundary"], body))
        parser.finalize()
    except FormParserError as error:
        raise Malformed(f"the multipart body is broken: {error}") from None
    if not collector.ended:
        raise Malformed("the multipart body is cut: its closing boundary is missing")
    return collector.parts


def _from_first_delimiter(delimiter: bytes, body: bytes) -> bytes:
    """The body without a preamble and without blanks behind its first delimiter, both legal (RFC 2046, 5.1.1).

    Behind the other delimiters the library takes blanks.
    """
    start = 0
    if not body.startswith(delimiter):
        start = body.find(b"\r\n" + delimiter) + 2
        if start < 2:
            return body
    rest = body[start + len(delimiter) :]
    unpadded = rest.lstrip(b" \t")
    return body if start == 0 and len(unpadded) == len(rest) else delimiter + unpadded


def _name_of(name: bytes) -> str:
    return name.decode("utf-8", "replace").removesuffix("[]")


def _only_part(content_type: bytes, body: bytes) -> tuple[bytes, bytes] | None:
    """Name and data of the only part, a file with a plain header; None if the body is not of that shape."""
    boundary = _BOUNDARY.fullmatch(content_type)
    if boundary is None:
        return None
    delimiter = b"--" + boundary[2]
    start = len(delimiter)
    if not body.startswith(delimiter):
        return None
    head_end = body.find(b"\r\n\r\n", start, start + 1024)
    data_end = body.find(b"\r\n" + delimiter, head_end + 2)
    if head_end < 0 or data_end < head_end + 4:
        return None
    if body[data_end + 2 + len(delimiter) :] not in (b"--\r\n", b"--"):
        return None
    head = _FILE_HEAD.fullmatch(body, start, head_end)
    return None if head is None else (head[1], body[head_end + 4 : data_end])


def _plain_files(content_type: bytes, body: bytes, files_limit: int) -> list[Part] | None:
    """Every part, if all are files with a plain header; None if the body is not of that shape.

    A file costs 3 us here and 40 in the library.
    """
    boundary = _BOUNDARY.fullmatch(content_type)
    if boundary is None:
        return None
    first, *others = (b"\r\n" + body).split(b"\r\n--" + boundary[2])
    if first or len(others) < 2 or others.pop() not in (b"--\r\n", b"--") or len(others) > files_limit:
        return None
    files = []
    for part in others:
        head_end = part.find(b"\r\n\r\n")
        head = _FILE_HEAD.fullmatch(part, 0, head_end) if head_end > 0 else None
        if head is None:
            return None
        files.append(Part(_name_of(head[1]), head[2].decode("utf-8", "replace"), part[head_end + 4 :]))
    return files


class _Collector:
    """Turns the parser's callbacks into parts."""

    def __init__(self, files_limit: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._files_limit = files_limit
        self._files = 0
        self._field = self._value = b""
        self._disposition = b""
        self._name, self._filename = "", None  # type: str, str | None
        self._data: list[bytes] = []
        self._size = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_part_end": self._end,
            "on_end": self._end_all,
        }

    def _begin(self) -> None:
        if len(self.parts) >= self._files_limit * 2 + PART_LIMIT_SLACK:
            raise BodyTooLarge(
                f"the form has over {len(self.parts)} parts; send at most {self._files_limit} files at once"
            )
        self._disposition = b""
        self._data, self._size = [], 0

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise Malformed("a part of the form has no name in its Content-Disposition")
        self._name = _name_of(options[b"name"])
        filename = options.get(b"filename")
        self._filename = None if filename is None else filename.decode("utf-8", "replace")
        if filename is not None:
            self._files += 1
            if self._files > self._files_limit:
                raise BodyTooLarge(f"more than {self._files_limit} files in one request; send fewer at once")

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._filename is None and self._size > FIELD_LIMIT_BYTES:
            raise BodyTooLarge(f"the field {self._name[:40]!r} is larger than {FIELD_LIMIT_BYTES:,} bytes")
        self._data.append(data[start:end])

    def _end(self) -> None:
        self.parts.append(Part(self._name, self._filename, b"".join(self._data)))

    def _end_all(self) -> None:
        self.ended = True
