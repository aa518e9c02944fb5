"""Conformance functions for authors of plug-ins: each runs a plug-in against the laws of its Protocol."""
