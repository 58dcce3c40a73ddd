"""What one cook computes: items, the batches of them, and how they are imported from geometry."""
