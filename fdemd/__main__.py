"""``python -m fdemd COMMAND``, the same as the console command ``fdemd``."""

import sys

from fdemd.jobs.explain_command import main

if __name__ == "__main__":
    sys.exit(main())
