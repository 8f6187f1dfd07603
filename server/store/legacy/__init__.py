"""The form before there was a database, facts as files among the files: taken over once, and left as it was."""
