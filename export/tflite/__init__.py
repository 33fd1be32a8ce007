"""How does the student become a TFLite file, and what does that file answer?

Conversion by onnx2tf, the graph tidied and labelled, and the search for an 8-bit form that passes.
"""
