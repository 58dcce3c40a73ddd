"""Headerless binary files: blocks of numbers, in the words of Houdini's Raw Import and Geometry Raw."""
