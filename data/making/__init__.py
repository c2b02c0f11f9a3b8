"""How the sample files are made: run `python -m data.make` in the checkout's root."""
