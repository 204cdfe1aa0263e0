"""The parts of make_old_files.py: what is made, in which surroundings, and what the numbers in it are."""
