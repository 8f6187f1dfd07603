"""Whether a server speaks the Open Inference Protocol: `python -m tests.conformance URL MODEL` asks it."""
