"""What ships: which files, how large and how good, and can a phone load them?"""
