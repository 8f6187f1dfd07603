"""The parts of a multipart/form-data body (RFC 7578): a fast path for what nearly every client sends, and a whole one.

Browsers, curl and the HTTP libraries send one file as one part with a plain header; that is found by slicing. Anything
else is for the whole parser, which a thread runs: it goes from delimiter to delimiter, bounded in parts and in their
headers, and touches no more than a window at once, since in between only other threads may run.
"""

import re
from typing import NamedTuple

from python_multipart.multipart import parse_options_header

from server.web.errors import BodyTooLarge, Malformed

AT_ONCE_BYTES = 2**18  # the largest body that is sliced on the event loop
AT_ONCE_PARTS = 256
FIELD_LIMIT_BYTES = 2**20  # the largest field that is not a file
HEADER_LIMIT_BYTES = 8192  # of a part
TYPE_LIMIT_BYTES = 1024  # of the Content-Type that names the boundary
PARAMETERS_LIMIT = 16  # of a part's Content-Disposition
PADDING_LIMIT_BYTES = 1024  # blanks behind a delimiter
PART_LIMIT_SLACK = 8  # parts beyond the files: labels, source
NAME_LIMIT = 255  # characters of a file name, which is told but never used
FILES_COUNTED = 100  # of a form that is to have one file: so that whoever sends several is told how many
WINDOW = 2**18  # bytes

# A token or a quoted string without escapes; other spellings are the library's business.
_BOUNDARY = re.compile(rb'multipart/form-data; ?boundary=("?)([0-9A-Za-z\'()+_,./:=? -]{1,70})\1', re.IGNORECASE)
_FILE_HEAD = re.compile(
    rb'\r\ncontent-disposition: form-data; name="([^"\\\r\n;]*)"; filename="([^"\\\r\n;]*)"'
    rb"(?:\r\ncontent-type: [^\r\n]+)?",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\[[0-9]*\]$")  # in a list
_HEADER_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110


class Part(NamedTuple):
    """One part of a form. A client's file name is a display name only: it never becomes a path."""

    name: str  # without the [] or [0] that PHP, jQuery and axios put behind the name of a list
    filename: str | None  # None for a field that is not a file
    data: bytes


def is_form(content_type: bytes) -> bool:
    return content_type[:19].lower() == b"multipart/form-data"


def plain_file(content_type: bytes, body: bytes) -> bytes | None:
    """The bytes of the only part, a file called `file`, if the form is small and plain; else None, for `only_file`."""
    if len(body) > AT_ONCE_BYTES:
        return None
    found = _only_part(content_type, body)
    return found[1] if found is not None and found[0] == b"file" else None


def only_file(content_type: bytes, body: bytes) -> bytes:
    """The bytes of the one part called `file`; raises Malformed if there is none, or more than one."""
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


def plain_files(content_type: bytes, body: bytes, files_limit: int) -> list[Part] | None:
    """Every part, if the form is small and all are files with a plain header; else None, for `parts`.

    A file costs 3 us here.
    """
    boundary = _BOUNDARY.fullmatch(content_type) if len(body) <= AT_ONCE_BYTES else None
    if boundary is None:
        return None
    first, *others = (b"\r\n" + body).split(b"\r\n--" + boundary[2], AT_ONCE_PARTS + 1)
    if first or not 1 < len(others) <= min(files_limit, AT_ONCE_PARTS) + 1 or others.pop() not in (b"--\r\n", b"--"):
        return None
    files = []
    for part in others:
        head_end = part.find(b"\r\n\r\n")
        head = _FILE_HEAD.fullmatch(part, 0, head_end) if head_end > 0 else None
        if head is None:
            return None
        files.append(Part(_name_of(head[1]), _filename_of(head[2]), part[head_end + 4 :]))
    return files


def parts(content_type: bytes, body: bytes, files_limit: int) -> list[Part]:
    """Every part in order. Raises Malformed for a broken form, BodyTooLarge for more files than allowed.

    It may take a tenth of a second, so it is for a thread.
    """
    delimiter = b"--" + _boundary_of(content_type)
    ending = b"\r\n" + delimiter
    parts_limit = files_limit * 2 + PART_LIMIT_SLACK
    found: list[Part] = []
    files = 0
    position = len(delimiter) if body.startswith(delimiter) else _found(body, ending, 0) + len(ending)
    for _ in range(parts_limit + 1):
        if body.startswith(b"--", position):
            return found
        if len(found) == parts_limit:
            break
        line_end = body.find(b"\r\n", position, position + PADDING_LIMIT_BYTES)
        if line_end < 0 or body[position:line_end].strip(b" \t"):
            raise Malformed("the multipart body is broken: a boundary is not followed by the end of its line")
        head_end = body.find(b"\r\n\r\n", line_end, line_end + HEADER_LIMIT_BYTES)
        if head_end < 0:
            raise Malformed(
                f"the multipart body is broken: a part has no header that ends within {HEADER_LIMIT_BYTES:,} bytes"
            )
        name, filename = _named(body, line_end, head_end)
        data_end = _found(body, ending, head_end + 4)
        files += filename is not None
        if files > files_limit:
            raise BodyTooLarge(f"more than {files_limit} files in one request; send fewer at once")
        if filename is None and data_end - head_end - 4 > FIELD_LIMIT_BYTES:
            raise BodyTooLarge(f"the field {name[:40]!r} is larger than {FIELD_LIMIT_BYTES:,} bytes")
        found.append(Part(name, filename, _cut(body, head_end + 4, data_end)))
        position = data_end + len(ending)
    raise BodyTooLarge(f"the form has over {parts_limit} parts; send at most {files_limit} files at once")


def _others(listed: list[Part], wanted: str) -> str:
    """What a form has under other names, for a sentence."""
    names = list(dict.fromkeys(f"'{part.name[:40]}'" for part in listed if part.name != wanted))
    return f", but {', '.join(names[:3])}" if names else ""


def _boundary_of(content_type: bytes) -> bytes:
    plain = _BOUNDARY.fullmatch(content_type)
    if plain is not None:
        return plain[2]
    options = parse_options_header(content_type)[1] if len(content_type) <= TYPE_LIMIT_BYTES else {}
    boundary: bytes = options.get(b"boundary", b"")
    if not boundary:
        raise Malformed("the multipart body names no boundary in its Content-Type; let your HTTP library write it")
    return boundary


def _found(body: bytes, delimiter: bytes, start: int) -> int:
    """Where the next delimiter stands that ends a part; raises Malformed if there is none.

    What only begins as one does belongs to the data; that many of these are there is no accident.
    """
    for _ in range(AT_ONCE_PARTS):
        start = _find(body, delimiter, start)
        if start < 0:
            raise Malformed("the multipart body is cut: its closing boundary is missing")
        behind = body[start + len(delimiter) : start + len(delimiter) + 2]
        if behind in (b"--", b"\r\n") or behind[:1] in (b" ", b"\t"):
            return start
        start += 2
    raise Malformed("the multipart body is broken: its boundary is found again and again in what it should delimit")


def _find(body: bytes, wanted: bytes, start: int) -> int:
    """As body.find, a window at a time."""
    while start < len(body):
        at = body.find(wanted, start, start + WINDOW)
        if at >= 0:
            return at
        start += WINDOW - len(wanted) + 1
    return -1


def _cut(body: bytes, start: int, stop: int) -> bytes:
    """As body[start:stop], a window at a time: joining many bytes lets other threads run."""
    if stop - start <= WINDOW:
        return body[start:stop]
    return b"".join([body[at : min(at + WINDOW, stop)] for at in range(start, stop, WINDOW)])


def _named(body: bytes, start: int, stop: int) -> tuple[str, str | None]:
    """The name and the file name in a part's header; raises Malformed."""
    plain = _FILE_HEAD.fullmatch(body, start, stop)
    if plain is not None:
        return _name_of(plain[1]), _filename_of(plain[2])
    disposition = b""
    for line in body[start + 2 : stop].split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or not _HEADER_NAME.fullmatch(name):
            raise Malformed(f"the multipart body is broken: {line[:40]!r} is no header of a part")
        if name.lower() == b"content-disposition":
            disposition = value.strip()
    options = parse_options_header(disposition)[1] if disposition.count(b";") <= PARAMETERS_LIMIT else {}
    if b"name" not in options:
        raise Malformed("a part of the form has no name in its Content-Disposition")
    filename = options.get(b"filename")
    return _name_of(options[b"name"]), None if filename is None else _filename_of(filename)


def _name_of(name: bytes) -> str:
    text = name.decode("utf-8", "replace")
    return _PLACE.sub("", text) if text.endswith("]") else text


def _filename_of(name: bytes) -> str:
    return name.decode("utf-8", "replace")[:NAME_LIMIT]


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
