"""Doing it: each procedure's whole story, top to bottom, one file each.

A story is `async (lease, services, now)`: it looks, thinks and acts outside of
transactions, and ends in one that writes the moves, tasks, notices and events
of a step together with the end of its task.
"""
