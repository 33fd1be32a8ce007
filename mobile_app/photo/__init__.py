"""How does a photo come to its answer, without a window?

The photo opened, framed and shown, which screen follows which, and where the model looked. Knows nothing of Flet.
"""
