"""Which classifier on which embeddings is best? Chosen on the validation part, then looked at once on the test part."""
