"""Forms: the first line is the Content-Type. Every way in finds the same parts, all of them bytes of the form."""

from server.web import multipart
from server.web.errors import BodyTooLarge, Malformed

FILES = 5
SMALL_WINDOW = 2048  # larger than any boundary, and smaller than what a search comes to


def seeds() -> list[bytes]:
    named = b'Content-Disposition: form-data; name="%b"%b\r\n'
    kind = b"multipart/form-data; boundary=%b\n"
    file = named % (b"file", b'; filename="a.png"') + b"Content-Type: image/png\r\n\r\nabc\r\n"
    files = named % (b"files[]", b'; filename="a;\\"b.png"') + b"\r\nabc\r\n--f\r\n\r\n--fx\r\n"
    label = named.lower() % (b"labels", b"") + b"\r\n7\r\n"
    return [
        kind % b"f" + b"--f\r\n" + file + b"--f--\r\n",
        kind % b'"f or"' + b"before\r\n--f or \t\r\n" + files + b"--f or\r\n" + label + b"--f or--after",
        kind % b"f" + b"--f\r\n".join([b"", label, file, files, label]) + b"--f--",
        kind % b"f; charset=utf-8" + b"--f\r\n" + named % (b"x", b"; filename*=utf-8''a%20b") + b"\r\n\r\n--f--",
        kind % b"f" + b"--f\r\n" + file.replace(b"abc", b"abc" * 2000) + b"--f--\r\n",
    ]


def check(data: bytes) -> None:
    kind, _, body = data.partition(b"\n")
    multipart.is_form(kind)
    found = listed(kind, body)
    window, multipart.WINDOW = multipart.WINDOW, SMALL_WINDOW
    try:
        assert listed(kind, body) == found
    finally:
        multipart.WINDOW = window
    if isinstance(found, list):
        assert len(found) <= 2 * FILES + multipart.PART_LIMIT_SLACK
        assert sum(len(part.data) for part in found) <= len(body)
        assert all(part.data in body for part in found)
    plain = multipart.plain_files(kind, body, FILES)
    assert plain is None or plain == found
    one = multipart.plain_file(kind, body)
    assert one is None or one == multipart.only_file(kind, body)


def listed(kind: bytes, body: bytes) -> list[multipart.Part] | str:
    """The parts, or why there are none."""
    try:
        return multipart.parts(kind, body, FILES)
    except (Malformed, BodyTooLarge) as error:
        return str(error)
