"""How good is a model, and for whom?

Figures with intervals, for teachers, students and finished bundles alike.
"""
