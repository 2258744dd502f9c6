"""``python -m incarnate`` is the command ``incarnate``."""

import sys

from incarnate.cli import main

if __name__ == "__main__":
    sys.exit(main())
