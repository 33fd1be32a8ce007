"""Labelled photos: one loader per dataset, one record per image, one split file per data root."""
