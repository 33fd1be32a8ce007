"""How is it measured?

Timing in turns and in processes of their own, the machine, photos and what spoils them.
"""
