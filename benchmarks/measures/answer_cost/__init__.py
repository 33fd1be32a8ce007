"""What does an answer cost: one photo, a process of its own, many clients at once, and the least that is possible?"""
