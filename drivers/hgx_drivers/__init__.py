"""Instruments: they know voltages, samples and errors, and nothing of gradients."""
