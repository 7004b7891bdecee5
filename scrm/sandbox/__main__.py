"""python -m scrm.sandbox --port 8100 …"""

import argparse

from scrm.sandbox.command import add_arguments, serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="sandbox", description="A sandbox WeCom in one process.")
    add_arguments(parser)
    serve(vars(parser.parse_args()))
