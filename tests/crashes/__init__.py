"""What dies half-way: every step of every chain killed in every way, and verifications killed at random moments."""
