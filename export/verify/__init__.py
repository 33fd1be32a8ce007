"""Does a model file answer as the student does, and how well and how fast?

The student's own answers, thresholds from a file's answers, the gate between the two, and latency side by side.
"""
