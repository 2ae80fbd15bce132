"""Where the tool starts: `rehearse`, or `python -m rehearse`."""

import gc
import os
import sys


def main() -> None:
    """Import the command line, and run it."""
    gc.set_threshold(100_000, 20, 20)  # imports make many objects and no garbage: it need not be looked for so often
    try:
        from rehearse.cli import main as run  # noqa: PLC0415 - only now
    except KeyboardInterrupt:
        from rehearse.errors import Interrupted  # noqa: PLC0415 - as above

        sys.stderr.write(f"rehearse: {Interrupted()}\n")
        sys.stderr.flush()
        os._exit(Interrupted.exit_code)  # see rehearse.cli: CPython may end with another code
    try:
        run()
    finally:
        gc.freeze()  # what is left goes with the process: looking through it once more took 0.07 s


if __name__ == "__main__":
    main()
