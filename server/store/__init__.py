"""Facts and content: what the service knows and keeps, for server, export and trainer alike."""
