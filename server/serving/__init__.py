"""One worker's model and its queue."""
