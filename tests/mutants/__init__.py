"""Guards, each with the change that takes it out and the tests that must turn red: `make mutants`."""
