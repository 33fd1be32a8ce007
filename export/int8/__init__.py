"""How is the student computed in 8 bit without changing its answers?

Recipes as data, what each of them does to the ONNX model, and the search for the cheapest one that passes.
"""
