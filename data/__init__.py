"""Samples made by this project; installed as the package `folioscope_samples`."""
