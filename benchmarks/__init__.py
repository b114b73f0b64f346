"""What a verified walk costs, measured against what it stands beside; run by `python -m benchmarks`."""
