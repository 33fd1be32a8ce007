"""Student to bundle: every file proven equal to it, or not written."""
