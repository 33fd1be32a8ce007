"""How is another processor asked the same as this one?"""
