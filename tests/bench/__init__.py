"""Speed of the product as ratios to the bare calls of the same run: `make bench`."""
