"""What people really send: drawn by our own code in many conditions, and read back by the server's."""
