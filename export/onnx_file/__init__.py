"""What is exported, and how does it stand in an ONNX file?

The student with everything an app must not have to know, written as FP32 ONNX, its trunk read back as layers.
"""
