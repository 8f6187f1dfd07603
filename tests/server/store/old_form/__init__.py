"""What the service left before it had a database: written by its own processes, with what it answered then."""
