"""What can only the device do?

Choosing, saving and sharing files, the camera and its preview, its window and its way back, and where and under which
key spots are kept.
"""
