"""Geometry in memory and in files."""
