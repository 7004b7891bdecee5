"""`python -m scrm.demo`: what `manage.py demo` does, without waiting for Django."""

import os
import sys

from scrm.demo import supervisor

if __name__ == "__main__":
    sys.exit(supervisor.run(dict(os.environ)))
