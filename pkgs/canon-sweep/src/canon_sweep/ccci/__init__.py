"""Reads the settings of recipes as cc-ci keeps them, and runs none of its code."""
