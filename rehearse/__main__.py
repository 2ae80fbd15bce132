"""`python -m rehearse`."""

from rehearse.cli import main

if __name__ == "__main__":
    main()
