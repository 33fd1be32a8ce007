"""What do spots look like over time?

Their list, one with its photos and its course, two photos compared, and the forms that keep a photo or change a spot.
"""
