"""What are the screens made of?

What each has at hand, what surrounds it, and the cards, buttons, fields and choices that stand on more than one.
"""
