"""What was built for a release, tried as a user would."""
