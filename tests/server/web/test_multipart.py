"""Both ways into a form find what python-multipart does, and a broken form gets a clear refusal."""

import re

import pytest
import python_multipart
from hypothesis import given, settings
from hypothesis import strategies as st
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

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


def by_the_library(body: bytes, boundary: str) -> list[multipart.Part] | None:
    """The parts as python-multipart finds them; None for one that is broken, cut or without a name."""
    found: list[multipart.Part] = []
    header, data, ended = [b"", b"", b""], [b""], []

    def begin() -> None:
        header[:], data[0] = [b"", b"", b""], b""

    def add(place: int) -> object:
        def callback(piece: bytes, start: int, end: int) -> None:
            header[place] += piece[start:end]

        return callback

    def end_header() -> None:
        if header[0].lower() == b"content-disposition":
            header[2] = header[1]
        header[:2] = [b"", b""]

    def add_data(piece: bytes, start: int, end: int) -> None:
        data[0] += piece[start:end]

    def end() -> None:
        options = parse_options_header(header[2])[1]
        if b"name" not in options:
            raise FormParserError("no name")
        filename = options.get(b"filename")
        name = re.sub(r"\[[0-9]*\]\Z", "", options[b"name"].decode("utf-8", "replace"))
        found.append(multipart.Part(name, None if filename is None else filename.decode("utf-8", "replace"), data[0]))

    parser = python_multipart.MultipartParser(
        boundary.encode(),
        {
            "on_part_begin": begin, "on_header_field": add(0), "on_header_value": add(1), "on_header_end": end_header,
            "on_part_data": add_data, "on_part_end": end, "on_end": lambda: ended.append(True),
        },
    )  # fmt: skip
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError:
        return None
    return found if ended else None


data_like_boundaries = st.lists(
    st.sampled_from([b"\r\n", b"--", b"\r\n--", b"frontier", b"\r\n--frontier", b"\r", b"\n", b"x", b"\0", b"\xff"]),
    max_size=12,
).map(b"".join)
names = st.sampled_from(["file", "files", "File", "", "fi le", "fi;le", 'fi\\"le', "fil\u00e9"])


heads = st.tuples(names, names | st.none(), st.none() | st.just("image/png"))
endings = st.sampled_from(["--\r\n", "--", "--\r\nafter", "\r\n", ""])


def form_of(listed: list[tuple[bytes, tuple[str, str | None, str | None]]], ending: str) -> bytes:
    made = [
        file_part(data, name, filename, kind)
        if filename is not None
        else (f'content-disposition: form-data; name="{name}"', data)
        for data, (name, filename, kind) in listed
    ]
    return body_of(made, "frontier", ending)


@settings(max_examples=500)
@given(st.lists(st.tuples(data_like_boundaries | st.binary(max_size=60), heads), max_size=4), endings)
def test_a_form_has_the_parts_that_the_library_finds(
    listed: list[tuple[bytes, tuple[str, str | None, str | None]]], ending: str
) -> None:
    body = form_of(listed, ending)
    expected = by_the_library(body, "frontier")
    try:
        found = multipart.parts(content_type("frontier"), body, 10)
    except Malformed:
        found = None
    assert found == expected


@settings(max_examples=500)
@given(st.lists(st.tuples(data_like_boundaries, heads), max_size=3), endings, st.sampled_from([b"", b"before\r\n"]))
def test_what_is_found_by_slicing_is_what_is_there(
    listed: list[tuple[bytes, tuple[str, str | None, str | None]]], ending: str, before: bytes
) -> None:
    kind, body = content_type("frontier"), before + form_of(listed, ending)
    file, sliced = multipart.plain_file(kind, body), multipart.plain_files(kind, body, 3)
    assert file is None or multipart.only_file(kind, body) == file
    assert sliced is None or multipart.parts(kind, body, 3) == sliced


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


@pytest.mark.parametrize("places", [("[]", "[]", "[]"), ("[0]", "[1]", "[0]"), ("[]", "[10]", "")])
def test_a_list_as_php_writes_it_has_the_plain_name(places: tuple[str, str, str]) -> None:
    plain = [file_part(b"1", f"files{places[0]}"), file_part(b"2", f"files{places[1]}")]
    for read in (multipart.parts, multipart.plain_files):
        listed = read(content_type("b"), body_of(plain, "b"), 2)
        assert listed is not None
        assert [part.name for part in listed] == ["files"] * 2
    mixed = [*plain, (f'Content-Disposition: form-data; name="labels{places[2]}"', b"7")]
    listed = multipart.parts(content_type("b"), body_of(mixed, "b"), 2)
    assert [part.name for part in listed] == ["files", "files", "labels"]
    assert multipart.only_file(content_type("b"), body_of([file_part(b"1", f"file{places[0]}")], "b")) == b"1"


@pytest.mark.parametrize("name", ["files[a]", "files[0", "files0]", "[0]files", "files[0][1]"])
def test_what_is_no_place_in_a_list_stays_in_the_name(name: str) -> None:
    form = body_of([file_part(b"1", name)], "b")
    assert multipart.parts(content_type("b"), form, 1)[0].name != "files"


def test_many_plain_files_are_found_by_slicing() -> None:
    body = body_of([file_part(b"%d" % number, "files", kind="image/png") for number in range(5)], "b")
    sliced = multipart.plain_files(content_type("b"), body, 5)
    assert sliced is not None
    assert [part.data for part in sliced] == [b"0", b"1", b"2", b"3", b"4"]
    assert multipart.plain_files(content_type("b"), body, 4) is None  # the library says what is wrong


@pytest.mark.parametrize("kind", ["image/png", None, "application/octet-stream", "binary/octet-stream"])
@pytest.mark.parametrize(
    "boundary", ["----WebKitFormBoundary7MA4YWxkTrZu0gW", "------------------------d74496d66958873e", "a"]
)
def test_the_usual_forms_take_the_fast_path(boundary: str, kind: str | None) -> None:
    body = body_of([file_part(b"\x89PNG\r\n\x1a\n\0", kind=kind)], boundary)
    assert multipart.plain_file(content_type(boundary), body) == b"\x89PNG\r\n\x1a\n\0"
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


def test_a_large_part_is_cut_out_whole() -> None:
    data = bytes(range(256)) * 4096 + b"\r\n--"
    for before in (b"", b"x" * (multipart.WINDOW - 9) + b"\r\n"):  # the first delimiter lies across two windows
        body = before + body_of([file_part(data), file_part(data)], "frontier")
        listed = multipart.parts(content_type("frontier"), body, 2)
        assert [part.data for part in listed] == [data, data]


def header_of(size: int) -> bytes:
    """A form whose one header has so many bytes, with the empty line behind it."""
    head = 'Content-Disposition: form-data; name="file"; filename="a"\r\nX-Long: '
    return body_of([(head + "x" * (size - len(head) - 4), b"1")], "b")


def test_a_parts_header_is_taken_up_to_its_limit() -> None:
    for size in (multipart.HEADER_LIMIT_BYTES - 3, multipart.HEADER_LIMIT_BYTES - 2):
        assert multipart.only_file(content_type("b"), header_of(size)) == b"1"
    with pytest.raises(Malformed, match="8,192 bytes"):
        multipart.only_file(content_type("b"), header_of(multipart.HEADER_LIMIT_BYTES - 1))


def test_a_boundary_that_begins_again_and_again_is_refused() -> None:
    often = b"\r\n--bc" * (multipart.AT_ONCE_PARTS - 1)
    assert multipart.only_file(content_type("b"), body_of([file_part(often)], "b")) == often
    with pytest.raises(Malformed, match="again and again"):
        multipart.only_file(content_type("b"), body_of([file_part(often + b"\r\n--bc")], "b"))


def test_a_content_type_of_many_parameters_is_not_read() -> None:
    kind = b"multipart/form-data; " + b"a=b;" * 200 + b" boundary=b"
    assert multipart.only_file(kind, body_of([file_part(b"1")], "b")) == b"1"
    with pytest.raises(Malformed, match="boundary"):
        multipart.only_file(kind + b";" + b"a=b;" * 60, body_of([file_part(b"1")], "b"))


def test_a_large_form_is_not_sliced() -> None:
    body = body_of([file_part(bytes(multipart.AT_ONCE_BYTES))], "b")
    assert multipart.plain_file(content_type("b"), body) is None
    assert multipart.plain_files(content_type("b"), body, 9) is None
    many = body_of([file_part(b"1", "files")] * (multipart.AT_ONCE_PARTS + 1), "b")
    assert multipart.plain_files(content_type("b"), many, 1000) is None
    assert len(multipart.parts(content_type("b"), many, 1000)) == multipart.AT_ONCE_PARTS + 1


def test_a_file_too_many_is_refused() -> None:
    body = body_of([file_part(b"1", "files")] * 3, "b")
    assert len(multipart.parts(content_type("b"), body, 3)) == 3
    with pytest.raises(BodyTooLarge, match="more than 2 files"):
        multipart.parts(content_type("b"), body, 2)


def test_blanks_behind_a_boundary_are_bounded() -> None:
    head, data = file_part(b"1")
    for blanks, taken in ((multipart.PADDING_LIMIT_BYTES - 2, True), (multipart.PADDING_LIMIT_BYTES - 1, False)):
        body = b"--b" + b" " * blanks + f"\r\n{head}\r\n\r\n".encode() + data + b"\r\n--b--\r\n"
        if taken:
            assert multipart.only_file(content_type("b"), body) == b"1"
        else:
            with pytest.raises(Malformed, match="not followed by the end of its line"):
                multipart.only_file(content_type("b"), body)


def test_a_disposition_of_many_parameters_is_not_read() -> None:
    for others, taken in ((multipart.PARAMETERS_LIMIT - 2, True), (multipart.PARAMETERS_LIMIT, False)):
        head = "Content-Disposition: form-data" + "; a=b" * others + '; name="file"; filename="a.png"'
        if taken:
            assert multipart.only_file(content_type("b"), body_of([(head, b"1")], "b")) == b"1"
        else:
            with pytest.raises(Malformed, match="no name"):
                multipart.only_file(content_type("b"), body_of([(head, b"1")], "b"))


def test_a_long_file_name_is_cut() -> None:
    body = body_of([file_part(b"1", filename="a" * 1000)], "b")
    assert multipart.parts(content_type("b"), body, 1)[0].filename == "a" * multipart.NAME_LIMIT


def test_parts_are_counted_whatever_they_are() -> None:
    part = ('Content-Disposition: form-data; name="labels"', b"1")
    most = 2 * 3 + multipart.PART_LIMIT_SLACK
    assert len(multipart.parts(content_type("b"), body_of([part] * most, "b"), 3)) == most
    with pytest.raises(BodyTooLarge, match="parts"):
        multipart.parts(content_type("b"), body_of([part] * (most + 1), "b"), 3)
