"""How does the student become a SavedModel, and what does TensorFlow itself say of our files?

TensorFlow is an extra of its own (`tensorflow`) and is imported in child processes only.
"""
