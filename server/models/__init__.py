"""A version, ready to answer: its graph looked at, its contract held, its golden images replayed."""
