"""What is put on the PYTHONPATH of the migrating process: `sitecustomize` and the package it installs.

Runs in the project's interpreter: Python 3.8 syntax, standard library only.
"""
