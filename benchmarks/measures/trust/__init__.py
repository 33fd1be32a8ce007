"""How far can an answer be believed, and the figures that say so?"""
