"""Reading the config, and all that can be wrong with it."""
