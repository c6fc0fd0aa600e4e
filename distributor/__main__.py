"""`python -m distributor` is the command line."""

import sys

from distributor.cli import main

sys.exit(main())
