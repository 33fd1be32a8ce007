"""How does a browser on another device reach the page?

Addresses that it can open, a certificate of this computer's own, and the script beside Flet's client.
"""
