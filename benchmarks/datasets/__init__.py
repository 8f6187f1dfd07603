"""Other people's kinds of data: what the trainer makes of each, from nothing to a verdict."""
