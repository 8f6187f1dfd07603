"""A worker as a process: what it begins with, what keeps it alive, how it says that it is ready."""
