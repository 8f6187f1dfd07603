"""A client of the service for Python programs. Imports nothing of the server: in the wheel it is `relearn.Client`."""
