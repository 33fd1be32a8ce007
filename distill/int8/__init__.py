"""How does a student learn to answer in 8 bit as it does in float?

INT8 simulated while it learns, and the 8-bit student that is kept in its run's folder.
"""
