"""From which age on a person speaks for herself."""

from datetime import date

GROWN_UP = 14  # years (PIPL 31)


def grown_up_on(birthday: date) -> date:
    """Her fourteenth birthday; of a leap day, the first of March."""
    year = birthday.year + GROWN_UP
    try:
        return birthday.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
