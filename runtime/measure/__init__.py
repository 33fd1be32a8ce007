"""What does a photo cost on this device, and can the figure be trusted?"""
