"""Experiments on a copy of the walked database."""
