"""Measurements: what each step costs on the machine at hand."""
