"""What is exported, and how does it stand in an ONNX file?

The student, or a stored teacher in its place, with everything an app must not have to know, written as FP32 ONNX; a
student's trunk read back as layers, a teacher's trees as nodes.
"""
