"""The trainer: from labelled images to a published version, in a process of its own. It serves nothing."""
