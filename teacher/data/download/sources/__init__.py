"""One file a place that keeps datasets."""
