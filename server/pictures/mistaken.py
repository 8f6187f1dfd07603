"""What was sent in place of a picture that is read, in words, for the sentence that refuses it: what clients most often
mix up, and the kinds of picture that are around."""

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
    (b"ii*\0", "a TIFF"),
    (b"mm\0*", "a TIFF"),
    (b"ii+\0", "a TIFF"),
    (b"mm\0+", "a TIFF"),
    (b"\0\0\0\x0cjp", "a JPEG 2000"),
    (b"\xffo\xffq", "a JPEG 2000"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\0\0\0\x0cjxl", "a JPEG XL"),
    (b"8bps", "a Photoshop file"),
    (b"\0\0\x01\0", "an icon"),
    (b"icns", "an icon"),
    (b"%!ps", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (b"dds ", "a DDS texture"),
    (b"qoif", "a QOI"),
    *((b"p%d%c" % (number, blank), "a PNM") for number in range(1, 7) for blank in b"\n\r\t "),
)
_BOXED = {  # kinds whose files begin with a box of ISO 14496-12, by the brand in it
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "a HEIC photo"),
    **dict.fromkeys((b"avif", b"avis"), "an AVIF"),
    b"crx ": "a raw photo",
    **dict.fromkeys((b"isom", b"iso2", b"mp41", b"mp42", b"qt  "), "a video"),
}


def named(data: bytes) -> str | None:
    """What these bytes are by their first ones, with its article; None for what is not known here."""
    if data[4:8] == b"ftyp":
        return _BOXED.get(data[8:12])
    start = data[:64].lstrip(b" \t\r\n\"'").lower()
    return next((words for first, words in _STARTS if start.startswith(first)), None)
