"""Telling people: what, in which words, signed how, sent once."""
