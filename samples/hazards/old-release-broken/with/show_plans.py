"""A page of the release that is in production: it knows plans for a month and for a year."""

import os

import psycopg

PERIODS = {1: "monthly", 12: "yearly"}

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for number, months in connection.execute("SELECT id, months FROM plans ORDER BY id"):
        print(number, PERIODS[months])
