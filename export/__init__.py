"""From a trained network to a published version: convert, verify, gate, publish."""
