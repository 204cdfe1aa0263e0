"""Simulated devices: volts at the electrodes to output currents."""
