"""Structures as pictures: one look for the command line, the page and the docs."""
