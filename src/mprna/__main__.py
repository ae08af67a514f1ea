"""`python -m mprna` is `mprna`."""

from mprna.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
