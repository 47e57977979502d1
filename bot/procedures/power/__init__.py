"""What takes two officers: registering, revoking for many, letting go on what was stopped."""
