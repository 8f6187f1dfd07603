"""What every answer tells a browser that it may not do, whichever way it is sent: see SECURITY.md.

An answer that needs another policy (the page, a report in its frame) brings its own.
"""

from collections.abc import Iterable

Header = tuple[bytes, bytes]

SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
SECURITY_LINES = b"".join([b"%b: %b\r\n" % header for header in SECURITY])


def secured(own: Iterable[Header]) -> list[Header]:
    """An answer's own headers, and those of SECURITY that are not among them."""
    own = list(own)
    names = {name for name, _ in own}
    return own + [header for header in SECURITY if header[0] not in names]
