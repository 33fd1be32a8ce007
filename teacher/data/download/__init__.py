"""Getting a dataset from where its authors keep it: `python -m teacher download DATASET --data DIR`."""
