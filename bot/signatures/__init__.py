"""What is signed, by whom, and whether that can be believed (docs/signatures.md)."""
