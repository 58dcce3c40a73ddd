"""The process that runs a user's code: what such code may do to it, and what becomes of that."""
