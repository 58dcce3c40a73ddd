"""Files, the store, arrays, tables and fingerprints: what every stage writes and reads. Knows no stage."""
