"""What can only a process of its own say?

Each is started as `python -m`: what a measure has imported and kept in memory by then would be counted.
"""
