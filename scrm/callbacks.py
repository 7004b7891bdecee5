"""Doors for WeCom: which news goes to whom (the twin of urls.py)."""

from campaigns import media, welcomes
from guides import codes, groups, handlers, marks, officials, people, pictures, reads, roster, syncs
from members import libraries, pushes, tagchanges, tagruns
from members.segments import folds
from scrm.imports import uploads
from scrm.wecom import events

ROUTES = {
    events.ContactAdded: (handlers.contact_changed,),
    events.ContactHalfAdded: (handlers.contact_changed,),
    events.ContactEdited: (handlers.contact_changed,),
    events.GuideDeletedContact: (handlers.contact_changed,),
    events.CustomerDeletedGuide: (handlers.contact_changed,),
    events.TransferFailed: (handlers.contact_changed,),
    events.ArchiveApproved: (handlers.contact_changed,),
    events.ChatCreated: (handlers.chat_changed,),
    events.ChatUpdated: (handlers.chat_changed,),
    events.ChatDismissed: (handlers.chat_changed,),
    events.TagCreated: (handlers.tags_changed,),
    events.TagUpdated: (handlers.tags_changed,),
    events.TagDeleted: (handlers.tags_changed,),
    events.TagsShuffled: (handlers.tags_changed,),
    events.PersonCreated: (handlers.person_came,),
    events.PersonUpdated: (handlers.person_changed,),
    events.PersonDeleted: (handlers.person_left,),
    events.DepartmentCreated: (handlers.directory_changed,),
    events.DepartmentUpdated: (handlers.directory_changed,),
    events.DepartmentDeleted: (handlers.directory_changed,),
    events.DirectoryTagUpdated: (),
}

# What to say to somebody who was just added; asked before everything else, within WeCom's twenty seconds.
FIRST = welcomes.compose

# Who hears what became of a call to WeCom.
ANSWERS = {
    "externalcontact/add_contact_way": codes.answered,
    "externalcontact/update_contact_way": codes.answered,
    "externalcontact/del_contact_way": codes.answered,
    "externalcontact/mark_tag": marks.tagged,
    "externalcontact/add_corp_tag": tagchanges.answered,
    "externalcontact/edit_corp_tag": tagchanges.answered,
    "externalcontact/del_corp_tag": tagchanges.answered,
    "externalcontact/remark": marks.remarked,
}

# Further work that `manage.py work` does in a loop.
LANES = (
    reads.read_due,
    groups.read_due,
    libraries.read_due,
    tagchanges.lane,
    tagruns.lane,
    roster.read_due,
    people.read_due,
    pictures.fetch_due,
    codes.retry_refused,
    codes.ask_for_numbers,
    officials.read_due,
    media.refresh,
    syncs.lane,
    uploads.lane,
    folds.lane,
    pushes.lane,
)
