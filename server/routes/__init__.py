"""Every call that is not hot: one file a resource, each a list of Starlette routes over the same Service."""
