"""What do many measurements say side by side?"""
