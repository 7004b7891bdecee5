"""`python -m scrm.demo.logins` furnishes the sample brand and prints how to log in."""

import django

django.setup()

from scrm import clock  # noqa: E402
from scrm.demo import brand  # noqa: E402  models can be imported only now

if __name__ == "__main__":
    brand.furnish(clock.now())
    for line in brand.lines():
        print(line)
