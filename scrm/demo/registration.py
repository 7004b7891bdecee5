"""What the sample brand asks its customers: terms, and a registration link at each till; and who has registered."""

import random
from datetime import datetime, timedelta

from django.utils import translation

from members import terms
from members.joins import invites, registrations
from members.models import Consent, Invite, Terms
from scrm.demo.till import walk_in
from stores.models import Person, Role, Store

NEW = 90  # of those who walk in, so many registered at the till, the frequent ones first
SURNAMES, CALLED = "王李张刘陈杨赵黄周吴", ("女士", "先生")
BODY = "我们收集您的手机号、称呼和生日，用于会员服务。其余用途由您分别选择，可以随时撤回。本文为演示样例。"


def furnish(*, at: datetime, began_at: datetime) -> None:
    """Once: terms of the beginning, and a link for each store that has none."""
    if Terms.objects.exists():
        return
    hq = Person.objects.filter(seats__role=Role.HQ_ADMIN).order_by("pk").first()
    with translation.override("zh-hans"):
        texts = {str(purpose): str(text) for purpose, text in terms.usual().items()}
    terms.publish("2026-01", texts, title="木棉生活会员隐私政策", body=BODY, by=hq, at=began_at)
    for store in Store.objects.order_by("pk"):
        invites.make(store, by=hq, at=at, name="收银台")


def some_register(*, at: datetime, days: int) -> int:
    """How many of those who walked in on the last days are members now; what each allows is hers to say."""
    holds, links = terms.present(at=at), list(Invite.objects.filter(member=None).exclude(store=None).order_by("pk"))
    if holds is None or not links:
        return 0
    dice = random.Random("registrations")
    for one in range(NEW):
        asked = sorted(holds.purposes)
        allows = [purpose for purpose in asked if purpose == Consent.Purpose.SERVICE or dice.random() < 0.6]
        name = dice.choice(SURNAMES) + dice.choice(CALLED)
        form = registrations.Form(walk_in(one), verified=True, name=name, allows=allows, asked=asked)
        when = at - timedelta(days=days * dice.random())
        registrations.register(form, through=dice.choice(links), terms=holds, at=when)
    return NEW
