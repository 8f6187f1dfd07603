"""A hash of a set that is kept up to date by what comes and goes: does a dataset hold anything new to learn from?

The hashes of the members are added modulo 2**256, so that neither order nor history counts and a change costs what it
changes (MSet-Add-Hash of Clarke et al. 2003, https://doi.org/10.1007/978-3-540-40061-5_12).
"""

import hashlib

EMPTY = "0" * 64
_MODULUS = 2**256


def member(sha256: str, split: str, label: str) -> int:
    """What one image adds."""
    return int.from_bytes(hashlib.sha256(f"{sha256} {split} {label}\n".encode()).digest())


def changed(fingerprint: str, difference: int) -> str:
    """The fingerprint after a change: the members that came less those that went."""
    return f"{(int(fingerprint, 16) + difference) % _MODULUS:064x}"
