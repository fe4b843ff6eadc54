"""`python -m benchmarks` is `python -m benchmarks.report`."""

from benchmarks.report import main

if __name__ == "__main__":
    main()
