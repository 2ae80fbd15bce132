"""Where the tool starts: `rehearse`, or `python -m rehearse`."""

import gc


def main() -> None:
    """Import the command line, and run it."""
    gc.set_threshold(100_000, 20, 20)  # imports make many objects and no garbage: it need not be looked for so often
    from rehearse.cli import main as run  # noqa: PLC0415 - only now

    try:
        run()
    finally:
        gc.freeze()  # what is left goes with the process: looking through it once more took 0.07 s


if __name__ == "__main__":
    main()
