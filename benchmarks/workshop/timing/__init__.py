"""How are times taken, and what do they say of one another?"""
