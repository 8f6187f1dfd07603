"""The fast path and the library agree on every form, and a broken form gets a clear refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.web import multipart
from server.web.errors import BodyTooLarge, Malformed

PLAIN = "form-data; name={name}; filename={filename}"


def body_of(parts: list[tuple[str, bytes]], boundary: str, ending: str = "--\r\n", before: bytes = b"") -> bytes:
    """A form of (header lines, data) parts."""
    body = before
    for head, data in parts:
        body += f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    return body + f"--{boundary}{ending}".encode()


def file_part(
    data: bytes, name: str = "file", filename: str = "a.png", kind: str | None = "image/png"
) -> tuple[str, bytes]:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
    return head + (f"\r\nContent-Type: {kind}" if kind else ""), data


def content_type(boundary: str) -> bytes:
    return f"multipart/form-data; boundary={boundary}".encode()


data_like_boundaries = st.lists(
    st.sampled_from([b"\r\n", b"--", b"\r\n--", b"frontier", b"\r\n--frontier", b"\r", b"\n", b"x", b"\0", b"\xff"]),
    max_size=12,
).map(b"".join)
names = st.sampled_from(["file", "files", "File", "", "fi le", "fi;le", 'fi\\"le', "fil\u00e9"])


@settings(max_examples=500)
@given(
    st.lists(
        st.tuples(data_like_boundaries | st.binary(max_size=60), names, names, st.none() | st.just("image/png")),
        max_size=3,
    ),
    st.sampled_from(["--\r\n", "--", "--\r\nafter", "\r\n", ""]),
    st.sampled_from([b"", b"before\r\n"]),
)
def test_fast_path_and_library_agree(
    parts: list[tuple[bytes, str, str, str | None]], ending: str, before: bytes
) -> None:
    body = body_of(
        [file_part(data, name, filename, kind) for data, name, filename, kind in parts], "frontier", ending, before
    )
    kind = content_type("frontier")
    fast = multipart._only_part(kind, body)
    if fast is None:
        return
    listed = multipart._parsed(kind, body, 10)
    assert [(part.name.encode(), part.data) for part in listed] == [fast]
    assert listed[0].filename is not None


@settings(max_examples=500)
@given(
    st.lists(st.tuples(data_like_boundaries, names, names, st.none() | st.just("image/png")), max_size=4),
    st.sampled_from(["--\r\n", "--", "--\r\nafter", "\r\n", ""]),
    st.sampled_from([b"", b"before\r\n"]),
)
def test_files_found_by_slicing_are_those_the_library_finds(
    parts: list[tuple[bytes, str, str, str | None]], ending: str, before: bytes
) -> None:
    listed = [file_part(data, name, filename, kind) for data, name, filename, kind in parts]
    body = body_of(listed, "frontier", ending, before)
    kind = content_type("frontier")
    sliced = multipart._plain_files(kind, body, 3)
    assert sliced is None or sliced == multipart._parsed(kind, body, 3)


blanks = st.sampled_from(["", " ", "\t", "  \t "])


@given(
    st.lists(st.tuples(data_like_boundaries, names), min_size=1, max_size=3),
    st.sampled_from([b"", b"This is a message in several parts.\r\n", b"\r\n", b"--frontie\r\n\r\n-\r\n"]),
    st.lists(blanks, min_size=4, max_size=4),
)
def test_a_preamble_and_blanks_behind_a_boundary_change_nothing(
    listed: list[tuple[bytes, str]], preamble: bytes, padding: list[str]
) -> None:
    files = [file_part(data.replace(b"--frontier", b""), name) for data, name in listed]
    padded = preamble
    for (head, data), blank in zip(files, padding, strict=False):
        padded += f"--frontier{blank}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    padded += f"--frontier--{padding[-1]}\r\nafter".encode()
    kind = content_type("frontier")
    assert multipart.parts(kind, padded, 3) == multipart.parts(kind, body_of(files, "frontier"), 3)


def test_a_list_as_php_writes_it_has_the_plain_name() -> None:
    plain = [file_part(b"1", "files[]"), file_part(b"2", "files[]")]
    assert [part.name for part in multipart.parts(content_type("b"), body_of(plain, "b"), 2)] == ["files"] * 2
    mixed = [*plain, ('Content-Disposition: form-data; name="labels[]"', b"7")]
    listed = multipart.parts(content_type("b"), body_of(mixed, "b"), 2)
    assert [part.name for part in listed] == ["files", "files", "labels"]
    assert multipart.only_file(content_type("b"), body_of([file_part(b"1", "file[]")], "b")) == b"1"


def test_many_plain_files_are_found_by_slicing() -> None:
    body = body_of([file_part(b"%d" % number, "files", kind="image/png") for number in range(5)], "b")
    sliced = multipart._plain_files(content_type("b"), body, 5)
    assert sliced is not None
    assert [part.data for part in sliced] == [b"0", b"1", b"2", b"3", b"4"]
    assert multipart._plain_files(content_type("b"), body, 4) is None  # the library says what is wrong


@pytest.mark.parametrize("kind", ["image/png", None, "application/octet-stream", "binary/octet-stream"])
@pytest.mark.parametrize(
    "boundary", ["----WebKitFormBoundary7MA4YWxkTrZu0gW", "------------------------d74496d66958873e", "a"]
)
def test_the_usual_forms_take_the_fast_path(boundary: str, kind: str | None) -> None:
    body = body_of([file_part(b"\x89PNG\r\n\x1a\n\0", kind=kind)], boundary)
    assert multipart._only_part(content_type(boundary), body) == (b"file", b"\x89PNG\r\n\x1a\n\0")
    assert multipart.only_file(content_type(boundary), body) == b"\x89PNG\r\n\x1a\n\0"


def test_the_file_is_found_among_other_fields() -> None:
    body = body_of([('Content-Disposition: form-data; name="note"', b"hello"), file_part(b"data")], "b")
    assert multipart.only_file(content_type("b"), body) == b"data"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (body_of([], "b"), "0 parts called 'file'"),
        (body_of([file_part(b"1"), file_part(b"2")], "b"), "2 parts called 'file'; send exactly one"),
        (body_of([file_part(b"1")] * 9, "b"), "9 parts called 'file'; send exactly one"),
        (body_of([file_part(b"1", name="other")], "b"), "0 parts called 'file'"),
        (body_of([file_part(b"1")], "b")[:-8], "cut"),
        (b"", "cut"),
        (body_of([("X-Nothing: 1", b"1")], "b"), "no name"),
        (b"--b\r\nno colon here\r\n\r\n\r\n--b--\r\n", "broken"),
    ],
)
def test_a_form_without_exactly_one_file_says_what_is_wrong(body: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        multipart.only_file(content_type("b"), body)


def test_a_content_type_without_boundary_is_refused() -> None:
    with pytest.raises(Malformed, match="boundary"):
        multipart.parts(b"multipart/form-data", b"", 1)


def test_ten_thousand_parts_are_refused_before_the_last() -> None:
    body = body_of([('Content-Disposition: form-data; name="labels"', b"1")] * 10_000, "b")
    with pytest.raises(BodyTooLarge, match="parts"):
        multipart.parts(content_type("b"), body, 100)


def test_a_huge_field_and_a_huge_header_are_refused() -> None:
    with pytest.raises(BodyTooLarge, match="larger"):
        multipart.parts(
            content_type("b"), body_of([('Content-Disposition: form-data; name="labels"', bytes(2**21))], "b"), 1
        )
    with pytest.raises(Malformed):
        multipart.parts(content_type("b"), body_of([("X-Long: " + "x" * 2**20, b"1")], "b"), 1)


def test_a_hostile_file_name_is_only_a_name() -> None:
    listed = multipart.parts(content_type("b"), body_of([file_part(b"1", filename="../../etc/passwd")], "b"), 1)
    assert listed[0].filename == "../../etc/passwd"
    assert listed[0].data == b"1"
