"""What HQ types when it puts right what is wrong about a person."""

from datetime import date

from django.http import QueryDict
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from members import fields
from members.ages import BIRTHDAY
from members.models import Field, Member
from members.rights.corrections import Right

GENDERS = {str(gender.value): gender.value for gender in Member.Gender}


def right_of(told: QueryDict) -> Right:
    """What is right: what was left empty stays as it is. Raises fields.Wrong."""
    phone = "" if "no_phone" in told else told.get("phone", "").strip() or None
    own = {}
    for one in own_fields():
        said = told.getlist(f"field_{one.key}") if one.kind == Field.Kind.CHOICES else told.get(f"field_{one.key}")
        value = fields.read(one, said)
        if value is not None or f"empty_{one.key}" in told:
            own[one] = value
    name, gender = told.get("name", "").strip()[:120] or None, GENDERS.get(told.get("gender", ""))
    return Right(name=name, gender=gender, phone=phone, birthday=day_of(told.get("birthday", "")), fields=own)


def own_fields() -> list[Field]:
    """The brand's own fields; the birthday stands among what every brand knows."""
    return list(Field.objects.filter(is_active=True).exclude(key=BIRTHDAY))


def names_of(changed: list[str]) -> list[str]:
    """What was put right, in words."""
    known = {"name": _("Name"), "gender": _("Gender"), "phones": _("Phone"), "minor_until": _("Under 14")}
    own = {f"field:{key}": name for key, name in Field.objects.values_list("key", "name")}
    return [known.get(key) or own.get(key, key) for key in changed]


def day_of(text: str) -> date | None:
    """The day that somebody typed; None for what is none."""
    try:
        return parse_date(text) if len(text) == 10 else None
    except ValueError:
        return None
