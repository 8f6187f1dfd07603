"""The loop that turns by itself: whether it keeps what it promises, and what it costs."""
