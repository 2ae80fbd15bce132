"""How long `rehearse --help` takes: median of nine runs; fails above 0.3 s.

Run: python tests/benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

LIMIT = 0.3
RUNS = 9


def main() -> int:
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "rehearse", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)
    median = statistics.median(seconds)
    print(f"rehearse --help: median {median:.3f} s of {RUNS}, limit {LIMIT} s")
    return 0 if median <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
