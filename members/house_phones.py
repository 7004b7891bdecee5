"""The phones of stores and colleagues, as files of stores and staff tell them: they join no customers."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from members import blocks, merges
from members.blocks import Place


@transaction.atomic
def keep(told: Mapping[Place, str], *, at: datetime) -> None:
    """These stores and colleagues have these phones, in their normal form, and no others; who is one person follows."""
    if told:
        merges.settle(blocks.keep_phones(told, at=at), at=at)


@transaction.atomic
def let_go(*, at: datetime) -> None:
    """Who works here no longer may be a customer by her phone."""
    merges.settle(blocks.free_leavers(at=at), at=at)
