"""The short channel."""
