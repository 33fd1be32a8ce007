"""Which photos is it measured on, and what spoils them?"""
