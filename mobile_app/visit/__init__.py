"""What does the app hold for one user, without a window?

Settings, tabs, spots and their course, steps back and what was typed; and what of it is promised, measured and written
down. Knows nothing of Flet.
"""
