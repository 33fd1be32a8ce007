"""How is it measured?

Wings for timing, for what a process of its own says, for photos, for another processor; and what all of them ask for:
options, code and machine.
"""
