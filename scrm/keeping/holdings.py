"""What the product holds, table by table: about whom, what, what for, and how long. docs/data-map.md is made of it."""

from collections.abc import Iterator
from typing import NamedTuple

from scrm.keeping.days import DAYS, LOG_DAYS
from scrm.keeping.rules import RULES

CUSTOMER, STAFF, NOBODY = "customers", "staff", "nobody"
FOR_EVER = "while the brand uses the product"


class Holding(NamedTuple):
    """One table."""

    about: str
    what: str
    why: str
    kept: str = ""  # where no setting says it
    setting: str = ""  # KEEP_<SETTING>_DAYS, of what no rule names


def house(what: str, why: str = "operation") -> Holding:
    return Holding(NOBODY, what, why, FOR_EVER)


def customer(what: str, why: str, kept: str = "until she is erased") -> Holding:
    return Holding(CUSTOMER, what, why, kept)


def staff(what: str, why: str, kept: str = "while her person is there") -> Holding:
    return Holding(STAFF, what, why, kept)


HOLDINGS = {
    "audit_alarm": Holding(NOBODY, "what went wrong, with ids", "operation"),
    "audit_entry": Holding(STAFF, "who read, exported, changed what; address", "proof (PIPL 51, 54)", setting="AUDIT"),
    "audit_heartbeat": house("which machine was seen when"),
    "audit_leaves": house("digests of audit entries", "proof"),
    "audit_purge": house("how far the purge has come"),
    "audit_seal": house("seals of the audit book's days", "proof"),
    "campaigns_attachment": house("pictures and links of welcomes"),
    "campaigns_upload": house("pictures as WeCom holds them"),
    "campaigns_welcome": house("words of welcomes"),
    "dashboard_contactcount": Holding(NOBODY, "how many customers a corp has", "WeCom's bill"),
    "dashboard_conversion": house("how many buyers are members, by place", "boards"),
    "dashboard_fill": house("which days are counted"),
    "dashboard_gauge": house("numbers of the data's health", "quality of data"),
    "dashboard_guideday": staff("adds and losses of a guide's day", "boards", FOR_EVER),
    "dashboard_nodeday": house("adds and losses of a store's day", "boards"),
    "dashboard_salesday": staff("sales of a seller's day", "boards", FOR_EVER),
    "dashboard_storespan": house("sums of a store", "boards"),
    "generate_generated": house("how a generated trial brand was made"),
    "guides_code": house("channel codes"),
    "guides_code_tags": house("tags that a code gives"),
    "guides_codeguide": house("guides of a code"),
    "guides_drift": staff("a guide's day on which WeCom counts otherwise", "quality of the books", FOR_EVER),
    "guides_groupchat": customer("a group's name and owner", "service", FOR_EVER),
    "guides_guide": staff("userid, name, position, staff number", "service"),
    "guides_houseaccount": house("a store's service account"),
    "guides_note": customer("remark, description, company; phones (sealed)", "service"),
    "guides_officialday": Holding(STAFF, "what WeCom counts of a guide's day", "quality of the books"),
    "guides_officialreading": house("which statistics are to be read"),
    "guides_ownership": customer("whose customer she is at a store", "service"),
    "guides_posting": staff("where a guide works when", "service"),
    "guides_relation": customer("which guide she knows, since when, by which code", "service"),
    "guides_relationfact": customer("what WeCom said of her and a guide", "the ledger from which all follows"),
    "guides_roster": house("when the directory was read"),
    "guides_sync": house("when a sync ran, and its counts"),
    "guides_syncchunk": Holding(CUSTOMER, "what a part of a sync read", "resuming a sync"),
    "guides_syncmissing": Holding(CUSTOMER, "relations that a sync did not find", "the guard of a sync"),
    "imports_import": Holding(STAFF, "who uploaded which file, and its counts", "proof", FOR_EVER),
    "imports_importfile": Holding(CUSTOMER, "an uploaded file (sealed)", "import", "until it is read into lines"),
    "imports_importrow": Holding(CUSTOMER, "lines of a file (sealed)", "import and its answer", setting="IMPORT_ROWS"),
    "members_activation": house("lists of customers whom a store invites"),
    "members_audience": customer("whom a frozen audience held", "measuring what was sent"),
    "members_bitmap": customer("of whom what is true, as sets of row numbers", "counting segments"),
    "members_change": Holding(
        CUSTOMER, "of whom something changed", "counting segments", "until the sets know it, seconds"
    ),
    "members_consent": customer(
        "what she allowed, when, by what proof", "proof of consent (PIPL 14)", "for ever, of nobody once she is erased"
    ),
    "members_correction": customer(
        "where an order stood before its source corrected it", "boards, proof", "for ever, as the order"
    ),
    "members_delivery": Holding(NOBODY, "what a source delivered, and how much of it was refused", "quality of data"),
    "members_engine": house("how far the sets are"),
    "members_event": Holding(
        CUSTOMER, "pages seen, live rooms entered, services rated", "service, profiling with consent", setting="EVENTS"
    ),
    "members_exclusivegroup": house("names of groups of segments"),
    "members_gradechange": customer("how her grade changed, by whom", "profiling"),
    "members_gradecount": house("how many buyers have which grade", "boards"),
    "members_graderule": house("how buyers are graded"),
    "members_home": customer("the store at which she is at home, tier of its city", "service"),
    "members_identity": customer(
        "external_userid, unionid, phone and card (sealed, found by a keyed digest)", "service"
    ),
    "members_invitee": customer("that a store invited her to add a guide", "service"),
    "members_blockedvalue": house(
        "ids that say nothing about who a customer is, such as phones of stores and staff (sealed)"
    ),
    "members_identitylink": customer("which source told an id of her, whether she proved it", "who is one person"),
    "members_telling": customer("which franchisee's store told an id of hers", "who may read it"),
    "members_merge": customer("with whom she was found to be one person, why, by whom", "who is one person"),
    "members_review": customer("whether she is one person with another, and who said so", "who is one person"),
    "members_joining": customer("the store at which she joined", "service"),
    "members_leaf": house("questions of segments whose answer is kept"),
    "members_member": customer("name, picture, gender", "service"),
    "members_membergrade": customer("her grade, its scores and who set it", "profiling"),
    "members_memberstage": customer("her stage of life", "profiling"),
    "members_membertag": customer("her tags", "service"),
    "members_order": customer(
        "what she bought, where, when, from whom",
        "service, boards",
        "while the brand uses the product; hers in a pseudonym",
    ),
    "members_orderline": customer("goods of an order", "service, boards", FOR_EVER),
    "members_pack": staff("who asked for ids for which platform, who allowed it; salt (sealed)", "proof", FOR_EVER),
    "members_packdownload": Holding(CUSTOMER, "whose hashed ids left in an audience pack", "proof (PIPL 55, 56)"),
    "members_product": house("the catalogue of goods"),
    "members_reachcount": house("how many customers can be reached", "boards"),
    "members_refund": customer("what she gave back", "service, boards", FOR_EVER),
    "members_refundline": customer("goods of a refund", "service, boards", FOR_EVER),
    "members_round": house("how far the rounds over customers have come"),
    "members_segment": house("segments"),
    "members_segmentchange": Holding(CUSTOMER, "who entered and left a segment", "what follows from it"),
    "members_segmentday": house("how many entered and left a segment on a day"),
    "members_segmentversion": house("rules of segments, in each version"),
    "members_snapshot": customer("who is in a segment", "segments"),
    "members_stagechange": customer("how her stage of life changed, and by what", "profiling"),
    "members_stagerule": house("when buyers are at risk and lost"),
    "members_stock": house("how many goods a store has"),
    "members_push": Holding(CUSTOMER, "what a source pushed (sealed)", "the inbox of sources, proof of what came"),
    "members_source": house("where data comes from, and the secret of signed pushes (sealed)"),
    "members_tag": house("names of tags"),
    "members_field": house("fields that the brand made"),
    "members_fieldchange": customer("what a field of the brand's said of her before and after", "service, proof"),
    "members_fieldvalue": customer("what a field of the brand's says of her", "service"),
    "members_marking": Holding(CUSTOMER, "a tag to be put on her in WeCom, and what WeCom answered", "service"),
    "members_sampledmember": customer("whether a tag fits her, as somebody said", "quality of tags"),
    "members_scoredue": Holding(CUSTOMER, "that her tags are to be scored", "profiling", "until the minute after"),
    "members_tagend": customer("which tags she bore, and who took them off when", "service"),
    "members_tagchange": house("changes of tags that WeCom was asked for"),
    "members_tagrule": house("how tags by rule are scored"),
    "members_tagrun": house("runs that tag many customers"),
    "members_tagsample": house("samples of tags"),
    "members_taggroup": house("names of groups of tags"),
    "members_yearslice": Holding(CUSTOMER, "who spent what in a year, as sets", "cross tables", "until the next hour"),
    "members_taglibrary": house("when tags were read"),
    "members_copy": Holding(
        CUSTOMER,
        "copies of persons' data (sealed), until fetched or run out",
        "right to a copy (PIPL 45)",
        setting="COPIES",
    ),
    "members_datarequest": customer("what she asked about her data, who answered", "proof (PIPL 50)", FOR_EVER),
    "members_forgotten": Holding(
        CUSTOMER,
        "keyed digests of ids of the erased",
        "nobody is brought back by a sync",
        "until she adds a guide anew",
    ),
    "members_holiday": house("which days are working days"),
    "members_invite": house("links and posters that lead to the registration page"),
    "members_joinform": house("what the registration page asks"),
    "members_knock": Holding(CUSTOMER, "keyed digests of phones and addresses", "limiting guesses"),
    "members_phonecode": Holding(CUSTOMER, "keyed digests of phones and codes", "knowing a phone"),
    "members_terms": house("what customers are asked to allow, in each version", "proof of consent (PIPL 14)"),
    "rest_keptanswer": Holding(CUSTOMER, "answers of API writes (sealed)", "repeating a write without doing it twice"),
    "stores_apitoken": staff("digests of API tokens", "sign-in"),
    "stores_attempt": Holding(STAFF, "keyed digests of names and addresses", "limiting guesses"),
    "stores_brand": house("the brand"),
    "stores_citytier": house("tiers of cities"),
    "stores_contract": house("which franchisee runs which store when"),
    "stores_departmentlink": house("departments of stores"),
    "stores_franchisee": house("franchisees"),
    "stores_opening": house("when stores are open"),
    "stores_person": staff("username, name, digest of the password", "sign-in", FOR_EVER),
    "stores_placement": house("stores in the tree"),
    "stores_recoverycode": staff("digests of recovery codes", "sign-in"),
    "stores_region": house("regions"),
    "stores_seat": staff("roles and their places", "rights"),
    "stores_secondfactor": staff("secret of an authenticator (sealed)", "sign-in"),
    "stores_session": Holding(STAFF, "device and times of a session", "sign-in"),
    "stores_store": house("stores and their addresses"),
    "wecom_alarmrecipient": staff("userids whom alarms reach", "operation"),
    "wecom_app": house("secret and token of an app (sealed)"),
    "wecom_corp": house("the corp, its contract with WeCom"),
    "wecom_domainproof": house("proofs of the domain"),
    "wecom_letter": Holding(CUSTOMER, "callbacks of WeCom (sealed)", "the inbox, proof of what came"),
    "wecom_outboundcall": Holding(CUSTOMER, "calls to WeCom (sealed), its answers", "the outbox, proof of what we did"),
    "wecom_quota": house("calls left"),
    "wecom_receiver": house("callback addresses and their keys (sealed)"),
    "wecom_repeat": Holding(NOBODY, "that WeCom delivered a letter again", "operation"),
}


def page() -> str:
    """docs/data-map.md."""
    lines = [*HEAD, *(" | ".join(("", *row, "")).strip() for row in _rows()), *FOOT]
    return "\n".join(lines) + "\n"


def _rows() -> Iterator[tuple[str, ...]]:
    for table, one in sorted(HOLDINGS.items()):
        yield f"`{table}`", one.about, one.what, one.why, kept(table, one)


def kept(table: str, one: Holding) -> str:
    """In words: what a rule or a setting says, else what stands in the table."""
    rules = [rule for rule in RULES if rule.table == table]
    said = [f"{'emptied' if rule.blank else 'removed'} after {_days(rule.setting or rule.name)}" for rule in rules]
    if one.setting:
        said.append(f"removed after {_days(one.setting)}")
    return ", ".join(said) or one.kept


def _days(setting: str) -> str:
    days = DAYS[setting]
    least = f", at least {days.least}" if days.least == LOG_DAYS else ""
    return f"`KEEP_{setting}_DAYS` ({days.default}{least})"


HEAD = [
    "# Data map",
    "",
    "Which data the product holds, about whom, what for, and how long. Made by `manage.py data_map` from the table by",
    "which the nightly purge works (`scrm/keeping`); a test fails when a table of the database is missing here.",
    "",
    "“Sealed” is encrypted under `FIELD_KEYS`. Copies of the database hold the same for as long as you keep them.",
    "",
    "| table | about | what | what for | kept |",
    "|---|---|---|---|---|",
]
FOOT = [
    "",
    "Logs of the processes go to stderr and hold ids only; keep them for 180 days in your collector (网络安全法 21).",
    "Nothing leaves the machines but calls to WeCom, alarms to the address that you name, and error reports if",
    "`SENTRY_DSN` is set.",
    "This is an engineer's reading of the law; have it checked by counsel.",
]
