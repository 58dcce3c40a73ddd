"""What a preprocessing depends on. Only the standard library is imported here."""

PREPROCESS_VERSION = 2
