"""What is in a bundle, and can it be trusted?

The manifest as checked data, the files it names with their digests, and whose signature it bears.
"""
