"""Headers that every answer has, and that one may bring for itself."""

from server.web.headers import SECURITY, SECURITY_LINES, secured


def test_an_answer_s_own_policy_stands_alone() -> None:
    own = (b"content-security-policy", b"sandbox")
    found = secured([own])
    assert [value for name, value in found if name == own[0]] == [b"sandbox"]
    assert {name for name, _ in found} == {name for name, _ in SECURITY}


def test_the_lines_are_the_headers() -> None:
    assert b"".join(name + b": " + value + b"\r\n" for name, value in secured([])) == SECURITY_LINES
