"""What does it cost to make a model?"""
