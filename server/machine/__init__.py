"""What a process asks of the system under it: whose turn it is on a core, what memory it holds, how lines leave it."""
