"""What does a frozen encoder say of each image and view, kept so that it is asked once?

An append-only store, and the step that fills it on every core or on a GPU, in one process or many.
"""
