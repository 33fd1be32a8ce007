"""Soft labels to a student small enough for a phone."""
