"""How is a verdict told: as a value, in words, on paper, in a table?

The report, its advice, its texts in every language, and the files that many answers are written to.
"""
