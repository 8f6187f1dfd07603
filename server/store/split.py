"""Which uploads are held out when they come, and in whose folder each lies for ever: by nothing but their pixels."""

TEST_SHARE = 5  # one in this many uploads is held out


def split_of(sha256: str) -> str:
    """train: to learn from; test: held out. A later one may be learnt from all the same: rotation.py."""
    return "test" if int(sha256[16:32], 16) % TEST_SHARE == 0 else "train"
