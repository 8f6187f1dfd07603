"""A request, knowing no model: connection, front, guard, body, form, and how the service stops."""
