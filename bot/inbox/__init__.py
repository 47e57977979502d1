"""Mails arrive and are kept, byte for byte."""
