"""The sample brand has segments and tags to look at, and a second start changes nothing."""

import pytest

from members.models import Field, MemberTag, Segment, Source, Tag, TagRule
from members.segments.pages.usual import USUAL
from scrm.demo import operators
from tests.cast import LAN, MEI, NOW, Cast


@pytest.mark.django_db
def test_the_brands_segments_and_tags_stand_once(cast: Cast) -> None:
    for _ in range(2):
        operators.furnish(at=NOW)
    assert Segment.objects.count() == len(USUAL) and Field.objects.count() == TagRule.objects.count() == 1
    assert set(Segment.objects.exclude(group=None).values_list("priority", flat=True)) == {1, 2, 3, 4}
    assert Tag.objects.filter(group__corp=None).count() == len(operators.PREFERENCES) + 1
    assert dict(Source.objects.values_list("code", "name")) == operators.SOURCES


@pytest.mark.django_db
def test_some_likings_are_known_once(cast: Cast) -> None:
    cast.add(MEI, "ben"), cast.add(LAN, "ben")
    operators.furnish(at=NOW)
    for _ in range(2):
        operators.know(at=NOW)
    assert MemberTag.objects.filter(tag__group__name="偏好").count() == 2  # each likes something else
