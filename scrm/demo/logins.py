"""`python -m scrm.demo.logins` gives the sample brand its people and codes, and prints how to log in."""

import django

django.setup()

from scrm.demo import brand  # noqa: E402  models can be imported only now

if __name__ == "__main__":
    for role, username, password in brand.people():
        print(f"login {role} {username} {password}")
