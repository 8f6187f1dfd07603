"""A version as a folder that others can use: a zip of its files, with its card as the README.md that the hub reads."""

import tempfile
import zipfile
from typing import IO

from server.models.card import CARD, card
from server.store.manifest import Manifest
from server.store.versions import Versions

HELD_BYTES = 2**20  # in memory; a larger one waits in a temporary file


def card_of(versions: Versions, manifest: Manifest) -> bytes:
    """The card that a version was published with, or one from its report; raises BrokenArtifact."""
    if CARD in manifest.files:
        return versions.read(manifest, CARD)
    report = versions.report(manifest.version)
    return card(manifest.name, manifest.labels, manifest.preprocessing, manifest.outputs, report)


def parcel(versions: Versions, manifest: Manifest) -> IO[bytes]:
    """The zip, the same bytes each time, for the caller to read and close; raises BrokenArtifact."""
    made = tempfile.SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115 - the caller's
    try:
        with zipfile.ZipFile(made, "w") as archive:
            for name, data in (("README.md", card_of(versions, manifest)), ("manifest.json", manifest.to_json())):
                archive.writestr(zipfile.ZipInfo(name), data)
            for file in sorted(manifest.files):
                archive.writestr(zipfile.ZipInfo(file), versions.read(manifest, file))
        made.seek(0)
    except BaseException:
        made.close()
        raise
    return made
