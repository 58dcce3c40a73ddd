"""The exported model applied, and judged beside simple answers."""
