"""What are we measured against?

The usual way without this toolkit, and what other converters make of the same student.
"""
