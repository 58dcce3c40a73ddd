"""From batches to the dataset, and from it to what a network sees: merging, splitting, standardising, PCA."""
