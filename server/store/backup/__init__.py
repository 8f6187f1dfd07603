"""All facts and content as one file, and back from it into an empty place."""
