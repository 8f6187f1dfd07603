"""What was sent in place of a picture, in words, for the sentence that refuses it: what clients most often mix up."""

_STARTS = (
    (b"data:", "a base64 data URL"),
    (b"ivborw0kggo", "base64 text"),  # of a PNG, in lower case
    (b"/9j/", "base64 text"),  # of a JPEG
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"\x1f\x8b", "a gzip file"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<svg", "an SVG"),
    (b"%pdf", "a PDF"),
    (b"pk\x03\x04", "a zip file"),
)


def named(data: bytes) -> str | None:
    """What these bytes are by their first ones, with its article; None for what is not known here."""
    start = data[:64].lstrip(b" \t\r\n\"'").lower()
    return next((words for first, words in _STARTS if start.startswith(first)), None)
