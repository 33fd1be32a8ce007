"""Labelled photos to soft labels."""
