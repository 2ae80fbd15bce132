"""Connections and the queries under sql/."""
