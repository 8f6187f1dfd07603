"""What a process asks of the system under it: whose turn it is on a core, its memory, descriptors and output."""
