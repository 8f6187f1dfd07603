"""Whatever reads bytes of strangers, fed with what a search thinks of: python -m tests.fuzz, or `make fuzz`.

Each file is a harness: `seeds()`, made by code, are where the search begins, and `check(data)` raises what no input may
make it raise. What was found lies in cases/, and is replayed by test_cases.py.
"""

HARNESSES = ("connection", "graph", "manifest", "multipart", "picture", "request")
