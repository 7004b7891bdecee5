"""The admin of rules by which customers stand, and of what follows. A rule in force is never changed: the next version
begins on its own day."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.paginator import InfinitePaginator

from members import grades
from members.models import GradeRule, MemberGrade, MemberStage, StageRule
from scrm import clock
from stores.desks import ReadOnly, ScopedAdmin


class RuleForm(ModelForm):
    def clean_starts_on(self) -> Any:
        day = self.cleaned_data["starts_on"]
        taken = type(self.instance).objects.filter(starts_on=day).exists()
        if day < clock.day_of(clock.now()) or taken:
            raise ValidationError(_("A rule begins today or later, and not on the day of another."))
        return day


class Versions(ScopedAdmin):
    """Rules by their first day; only new versions are made."""

    form = RuleForm
    ordering = ("-starts_on",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        grades.enact(obj, by=request.user, at=clock.now())


@admin.register(GradeRule)
class GradeRuleAdmin(Versions):
    list_display = ("starts_on", "window", "among", "weight_r", "weight_f", "weight_m", "a_from", "b_from", "by")


@admin.register(StageRule)
class StageRuleAdmin(Versions):
    list_display = ("starts_on", "risk_after", "lost_after", "usual_gap", "risk_most", "lost_most", "by")


@admin.register(MemberGrade)
class MemberGradeAdmin(ReadOnly, ScopedAdmin):
    paginator = InfinitePaginator
    list_display = ("member", "where", "grade", "rule_grade", "score_r", "score_f", "score_m", "override_until")
    list_filter = (("grade", ChoicesDropdownFilter),)
    list_select_related = ("member", "store")
    ordering = ("-id",)

    @admin.display(description=_("store"), ordering="store")
    def where(self, grade: MemberGrade) -> str:
        """The store whose grade it is, or the whole brand's."""
        return str(grade.store or _("Brand"))


@admin.register(MemberStage)
class MemberStageAdmin(ReadOnly, ScopedAdmin):
    paginator = InfinitePaginator
    list_display = ("member", "stage", "since", "cause", "due_on")
    list_filter = (("stage", ChoicesDropdownFilter),)
    list_select_related = ("member",)
    ordering = ("-member",)
