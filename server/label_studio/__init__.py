"""Label Studio's side: what its projects ask of a machine learning backend."""
