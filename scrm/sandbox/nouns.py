"""The things of the world: shops, guides, WeChat people, their relations, groups, contact ways, tags, apps."""

from dataclasses import dataclass, field
from typing import Any

ACTIVE, DISABLED, NOT_ACTIVATED, LEFT = 1, 2, 4, 5
WECHAT, WECOM = 1, 2


@dataclass
class Department:
    """A node of the directory. `kind` and `franchisee` are known to the world only; the API tells just the name."""

    id: int
    name: str
    parent_id: int
    order: int = 0
    leaders: list[str] = field(default_factory=list)
    kind: str = ""
    city: str = ""
    franchisee: str = ""


@dataclass
class User:
    """A member of the corp. `console_welcome`: the admin console has a welcome for her, so letters carry no code."""

    userid: str
    name: str
    departments: list[int]
    position: str = ""
    leads: list[int] = field(default_factory=list)
    mobile: str = ""
    gender: str = "0"
    alias: str = ""
    staff_number: str = ""
    status: int = ACTIVE
    serves: bool = False
    verified: bool = True
    console_welcome: bool = False
    left_at: float | None = None

    @property
    def here(self) -> bool:
        return self.left_at is None


@dataclass
class Customer:
    """A person as this corp knows her; the unionid says that two corps mean the same one."""

    external_userid: str
    name: str
    gender: int = 0
    type: int = WECHAT
    unionid: str = ""
    avatar: str = ""
    corp_name: str = ""
    position: str = ""


@dataclass
class Relation:
    """One member and one customer: who still has whom, and what the member wrote about her."""

    seq: int
    userid: str
    external_userid: str
    guide_side: bool = False
    customer_side: bool = False
    asked: bool = False
    createtime: int = 0
    state: str = ""
    add_way: int = 0
    oper_userid: str = ""
    remark: str = ""
    description: str = ""
    remark_company: str = ""
    remark_mobiles: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    personal_tags: list[str] = field(default_factory=list)
    chatting: bool = False
    welcome: "Welcome | None" = None
    shown_from: float = 0.0
    hidden_from: float | None = None

    @property
    def status(self) -> str:
        """none, half (she does not confirm yet), full, or one-way (the customer went, the member still lists her)."""
        if self.guide_side:
            return "full" if self.customer_side else "one-way"
        return "half" if self.customer_side and self.asked else "none"


@dataclass
class Welcome:
    """One greeting that may be sent once, by the first app that comes."""

    relation: Relation
    used: bool = False
    rival_until: float = 0.0
    rival_wins: bool = False


@dataclass
class Member:
    """A person in a group: type 1 of the corp, 2 from outside; join_scene as groupchat/get has it."""

    id: str
    type: int
    join_time: int
    join_scene: int = 1
    invitor: str = ""
    name: str = ""


@dataclass
class Group:
    chat_id: str
    name: str
    owner: str
    create_time: int
    notice: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    admins: list[str] = field(default_factory=list)
    member_version: str = ""
    dismissed: bool = False


@dataclass
class ContactWay:
    config_id: str
    type: int
    scene: int
    create_time: int
    owner: str
    style: int = 1
    remark: str = ""
    skip_verify: bool = True
    state: str = ""
    users: list[str] = field(default_factory=list)
    parties: list[int] = field(default_factory=list)
    is_exclusive: bool = False
    deleted: bool = False


@dataclass
class Tag:
    """A corp tag; `owner` is the agent id of the app that made it, or "console"."""

    id: str
    name: str
    group_id: str
    create_time: int
    order: int = 0
    owner: str = "console"
    deleted: bool = False


@dataclass
class TagGroup:
    id: str
    name: str
    create_time: int
    order: int = 0
    owner: str = "console"
    deleted: bool = False
    tags: list[Tag] = field(default_factory=list)

    @property
    def alive(self) -> list[Tag]:
        return [tag for tag in self.tags if not tag.deleted]


@dataclass
class App:
    """A self-built app (kind "app") or the contact-sync assistant (kind "sync"), with its own receiver of callbacks."""

    corp_id: str
    agent_id: str
    secret: str
    token: str
    aes_key: str
    slug: str
    name: str = ""
    kind: str = "app"
    callback_url: str = ""
    customer_contact: bool = True
    customer_events: bool = True
    contact_events: bool = True
    disabled: bool = False
    visible: list[int] | None = None
    trusted_ips: list[str] | None = None
    trusted_domains: list[str] = field(default_factory=list)
    proven_domains: list[str] = field(default_factory=list)
    domain_code: str = ""


@dataclass
class Media:
    media_id: str
    type: str
    filename: str
    content_type: str
    content: bytes
    created_at: int


@dataclass
class Link:
    """An acquisition link, 获客链接; `customers` are those who came by it, with the channel they came from."""

    link_id: str
    name: str
    create_time: int
    owner: str
    users: list[str] = field(default_factory=list)
    parties: list[int] = field(default_factory=list)
    skip_verify: bool = True
    deleted: bool = False
    customers: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://work.weixin.qq.com/ca/{self.link_id}"


@dataclass
class Share:
    """What one member has to send of a mass message: her targets, each with a status and when it was sent."""

    userid: str
    targets: dict[str, int] = field(default_factory=dict)
    sent_at: int = 0


@dataclass
class MassMessage:
    """A task of mass sending; nothing is delivered before the members confirm."""

    msgid: str
    chat_type: str
    create_time: int
    owner: str
    text: str
    attachments: list[dict[str, Any]]
    shares: dict[str, Share] = field(default_factory=dict)
    cancelled: bool = False
    reminded: list[float] = field(default_factory=list)
