"""Roof: the command ``beacon``."""

from beacon.cli.main import main

__all__ = ["main"]
