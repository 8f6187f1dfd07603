"""One worker's model: what takes its place, what queues for it, what reads the pictures that it is asked about."""
