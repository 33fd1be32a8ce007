"""Where does the work of an export happen, and what is shown of it?

Scratch folders, child processes for what is loud or may crash, progress by stages and tool versions.
"""
