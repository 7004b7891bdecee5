"""`python -m bench [--only ingest|drain|sync|boards|imports|orders|segments|customers] [--quick]`"""

import argparse
import signal
import sys
import time
from importlib import import_module

from bench import figures, ground

PARTS = ("ingest", "drain", "sync", "boards", "imports", "orders", "segments", "customers")


def main() -> int:
    words = argparse.ArgumentParser(prog="bench", description="The product beside its floor, in one run.")
    words.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be given twice")
    words.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a figure to publish")
    asked = words.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers end in order, their folders go
    found: list[figures.Figure] = []
    began = time.monotonic()
    print("· a PostgreSQL of its own, durable", flush=True)
    with ground.prepared() as here:
        for part in asked.only or PARTS:
            print(f"· {part}", flush=True)
            found += import_module(f"bench.{part}").measure(here, quick=asked.quick)
    figures.keep(found)
    print(f"\n{figures.table(found)}\n\n{time.monotonic() - began:.0f} s · bench/latest.json", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
