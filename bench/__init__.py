"""The benchmark: `make bench`. Loopback only, stops by itself."""
