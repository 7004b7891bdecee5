"""What each floor knows of a customer: which modules tell her story, hand out and erase what they keep, hear that two
members are one person, and what a segment may ask (members hear of it by the setting KNOWLEDGE).

CHAPTERS   a story's sources: `happenings(viewer, members, before, limit) -> Iterable[members.timelines.Happening]`, at
           least the newest `limit` at or before an instant, and with the last of them all of its instant; one with
           very many lines says in `TELLS` of which kinds they are
COPIES     what a person's copy holds: `copies(members) -> dict[str, list[dict]]`, by heading
ERASURES   `erase(members, at) -> dict[str, int]`, how many rows of each kind were emptied
UNITED     `united(roots, at)`: who is one person changed for these; runs in the transaction of the merge
SELLERS    `named(userids) -> dict[str, int]`: people by the userid under which a till knows whoever sold
TAG_USES   what would miss a tag: `tag_uses(tags) -> Iterable[members.taglives.Use]`
CONDITIONS modules with `CONDITIONS`, a tuple of members.segments.conditions.Condition
"""

from typing import Any

from campaigns import chapters as of_words
from guides import belongings, code_tags, sellers, unions
from guides import chapters as of_guides_and_her
from guides import conditions as of_guides
from members import (
    chapters,
    consentchapters,
    eventchapters,
    events,
    lifecycles,
    mentions,
    saleschapters,
    scores,
    standingcopies,
    tagchapters,
)
from members.rights import ours
from members.segments import doings, ownfields, purchases, standings, traits
from members.segments import erasures as from_segments
from members.segments import packs as handed_on
from scrm.imports import leftovers

CHAPTERS: tuple[Any, ...] = (
    chapters,
    consentchapters,
    eventchapters,
    of_guides_and_her,
    of_words,
    tagchapters,
    saleschapters,
)
COPIES: tuple[Any, ...] = (ours, belongings, events, handed_on, standingcopies)
ERASURES: tuple[Any, ...] = (ours, belongings, leftovers, events, from_segments, handed_on, standingcopies)
UNITED: tuple[Any, ...] = (unions.united, lifecycles.united, scores.united)
SELLERS: tuple[Any, ...] = (sellers.named,)
CONDITIONS: tuple[Any, ...] = (traits, standings, ownfields, purchases, doings, of_guides)
TAG_USES: tuple[Any, ...] = (mentions, code_tags)
