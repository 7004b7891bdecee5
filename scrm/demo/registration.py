"""What the sample brand asks its customers: terms, and a registration link at each till."""

from datetime import datetime

from django.utils import translation

from members import terms
from members.joins import invites
from members.models import Terms
from stores.models import Person, Role, Store

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
