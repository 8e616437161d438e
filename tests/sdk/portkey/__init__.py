"""Portkey's own gateway as an oracle: which targets of a config it calls, and in which order."""
