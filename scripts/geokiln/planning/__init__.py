"""From a checked config to names, files and flags: what the rules ask."""
