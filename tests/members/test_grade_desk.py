"""The desk of grades names whose each is."""

from django.contrib import admin
from django.utils import translation

from members.models import MemberGrade
from members.standing_admin import MemberGradeAdmin
from stores.models import Store


def test_a_grade_of_no_store_is_the_brands() -> None:
    desk = MemberGradeAdmin(MemberGrade, admin.site)
    with translation.override("zh-hans"):
        assert desk.where(MemberGrade()) == "品牌"
        assert desk.where(MemberGrade(store=Store(name="南京路店"))) == "南京路店"
