"""Guards of a dataset that somebody sent: what a zip may hold, whatever it says of itself."""

from tests.mutants.mutant import mutant

TREE, ZIPS = "server/layouts/tree.py", "server/layouts/test_tree.py::"
BAD = ZIPS + "test_a_zip_that_is_not_to_be_trusted_has_a_sentence[{}]"

MUTANTS = (
    mutant(
        "a zip's files are counted before its list is made",
        TREE,
        "if any(number > bounds.files for number in _counted(data)):",
        "if False:",
        BAD.format("many"),
    ),
    mutant("a zip unpacks to so much", TREE, "if whole > bounds.bytes:", "if False:", BAD.format("large")),
    mutant(
        "so does a file of it", TREE, "if entry.file_size > bounds.file_bytes:", "if False:", BAD.format("large file")
    ),
    mutant(
        "files that share their bytes are counted each",
        TREE,
        "ZIP_FACTOR * size):",
        "2**40):",
        BAD.format("ratio"),
        BAD.format("overlapping"),
    ),
    mutant(
        "a name leads nowhere else",
        TREE,
        """if ".." in parts or not parts[0] or ":" in parts[0] or "\\0" in name:""",
        "if False:",
        BAD.format("above"),
    ),
    mutant("what is encrypted is said to be", TREE, "if entry.flag_bits & 1:", "if False:", BAD.format("encrypted")),
    mutant(
        "only what is unpacked in little memory is",
        TREE,
        "if is_sent and entry.compress_type not in",
        "if entry.compress_type not in (zipfile.ZIP_LZMA,) and entry.compress_type not in",
        BAD.format("method"),
    ),
    mutant(
        "a zip in a zip stays there", TREE, """.endswith(".zip") and""", """.endswith(".z") and""", BAD.format("nested")
    ),
    mutant(
        "many broken pictures are no dataset",
        "server/routes/upload.py",
        "if claims.is_dataset and len(broken) >",
        "if False and len(broken) >",
        "system/test_upload_datasets.py::test_many_broken_pictures_are_a_broken_dataset",
    ),
)
