"""How does the student become a Core ML program, and what does that program answer without a Mac?

Conversion by coremltools, and an evaluator of the saved program, operation by operation.
"""
