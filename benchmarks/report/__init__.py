"""What does all of it say together?

Measures carried out stage by stage, one page of what they found, and the README's table.
"""
