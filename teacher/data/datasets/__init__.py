"""One file a dataset: licence, reference, classes, how to get it, its loader. `teacher.data.registry` finds them."""
