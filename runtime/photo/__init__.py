"""Where does a photo enter, and is it good enough to be judged?

Damaged or hostile files refused, the rest decoded to the square that the model sees, its quality measured.
"""
