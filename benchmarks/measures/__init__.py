"""What does a step cost, and how good is it?

One module a measure: its options, raw samples, figures, and what it leaves as table, JSON and picture. A wing for each
kind of question; none needs another.
"""
