"""What every other part stands on: bounds, clock, text, addresses, and flows without input and output."""
