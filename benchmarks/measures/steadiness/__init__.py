"""Does an answer stay where nothing but the processor, the colour space, the file or the frame is another?"""
