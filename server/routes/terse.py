"""The page's files as they are sent: without what is there for who reads them, and with fewer requests.

Comments are left out, and the space that nobody needs, a third of the bytes. A script's lines stay, some empty, so that
the browser names an error by its line in the file. A style sheet that imports others is sent as all of them in one,
which compress better together.
"""

import re
from pathlib import Path

# A block that begins a line and ends one, a line that is nothing else, and a type or a remark beside code: one that
# might as well be within a string stays.
_BLOCK = re.compile(rb"^[ \t]*/\*(?:(?!\*/)[\s\S])*\*/[ \t]*$", re.MULTILINE)
_LINE = re.compile(rb"^[ \t]*//.*$", re.MULTILINE)
_TYPE = re.compile(rb"(?<=[\s(\[,.])/\*\* ?@(?:(?!\*/).)*\*/ ")
_REMARK = re.compile(rb"""(?<=[;,{}()\[\]]) // [^"'`\n]*$""", re.MULTILINE)
_INDENT = re.compile(rb"^[ \t]+", re.MULTILINE)
_PROPERTY = re.compile(rb"^([\w-]+): ", re.MULTILINE)  # of a style sheet, at the beginning of its line
_EMPTY = re.compile(rb"\n{2,}")
_REMARK_IN_PAGE = re.compile(rb"<!--(?:(?!-->)[\s\S])*-->\n?")
_RULE = re.compile(rb" \{$", re.MULTILINE)
_NAME = re.compile(rb'^("[\w.-]+"): ', re.MULTILINE)  # of a table's entry
_IMPORT = re.compile(rb'^@import "([\w-]+\.css)";$', re.MULTILINE)


def terse(name: str, content: bytes) -> bytes:
    """The content of a file of this name; as it is where it is no page, script, style sheet or table of texts."""
    if name.endswith(".html"):
        return _INDENT.sub(b"", _REMARK_IN_PAGE.sub(b"", content))
    if not name.endswith((".js", ".css", ".json")):
        return content
    shorter = _BLOCK.sub(lambda found: b"\n" * found[0].count(b"\n"), content)
    if name.endswith(".js"):
        shorter = _REMARK.sub(b"", _TYPE.sub(b"", _LINE.sub(b"", shorter)))
    shorter = _INDENT.sub(b"", shorter).rstrip()
    if name.endswith(".css"):
        shorter = _RULE.sub(b"{", _PROPERTY.sub(rb"\1:", _EMPTY.sub(b"\n", shorter)))
    return _NAME.sub(rb"\1:", shorter).replace(b"\n", b"") if name.endswith(".json") else shorter


def parts(path: Path) -> list[Path]:
    """The style sheets that a style sheet imports, from its own folder, in their order; else the file alone."""
    imported = _IMPORT.findall(path.read_bytes()) if path.suffix == ".css" else []
    return [path.parent / name.decode() for name in imported] or [path]
