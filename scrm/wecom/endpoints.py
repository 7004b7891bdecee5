"""The APIs that the product calls, with what their answers must hold."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from wechatpy.client.api.base import BaseWeChatAPI

from scrm.wecom.errors import BadReply, GiveUp, Retry
from scrm.wecom.shapes import EXPECTED

Said = dict[str, Any]

BAD_CURSOR = 50100


def pages(api: str, ask: Callable[[str], Said]) -> Iterator[Said]:
    """Each page of a list that goes on by next_cursor; raises Refused, Retry where it has to be begun anew."""
    cursor, seen = "", {""}
    while True:
        try:
            page = ask(cursor)
        except GiveUp as refused:
            if cursor and refused.errcode == BAD_CURSOR:
                raise Retry(api, refused.errcode) from None
            raise
        yield page
        cursor = page.get("next_cursor") or ""
        if not cursor:
            return
        if cursor in seen:
            raise BadReply(api, None, "a cursor leads back")
        seen.add(cursor)


class _Endpoints(BaseWeChatAPI):
    """Calls by path, each answer checked against EXPECTED."""

    def ask(self, api: str, **params: Any) -> Said:
        said: Said = self._get(
            api, params={k: v for k, v in params.items() if v is not None}, expects=EXPECTED.get(api)
        )
        return said

    def tell(self, api: str, body: Said, *, floats: bool = False, paid: bool = False) -> Said:
        said: Said = self._post(api, data=body, expects=EXPECTED.get(api), floats=floats, paid=paid)
        return said


class ExternalContact(_Endpoints):
    """Customers, their codes and tags. Bodies are WeCom's own; what is left out keeps its value there."""

    def add_contact_way(self, **body: Any) -> Said:
        return self.tell("externalcontact/add_contact_way", body)

    def update_contact_way(self, **body: Any) -> Said:
        """Sends only what is given; wechatpy's own would switch skip_verify on each time."""
        return self.tell("externalcontact/update_contact_way", body)

    def get_contact_way(self, config_id: str) -> Said:
        return self.tell("externalcontact/get_contact_way", {"config_id": config_id})

    def list_contact_way(self, **body: Any) -> Said:
        """One page of config ids; without start_time and end_time, those of the last 90 days."""
        return self.tell("externalcontact/list_contact_way", body)

    def del_contact_way(self, config_id: str) -> Said:
        return self.tell("externalcontact/del_contact_way", {"config_id": config_id})

    def get_follow_user_list(self) -> list[str]:
        """The userids of everybody who may have customers and whom the app sees."""
        found: list[str] = self.ask("externalcontact/get_follow_user_list")["follow_user"]
        return found

    def customers(self, userid: str) -> list[str]:
        """The ids of a guide's customers; WeCom answers 84061 where she has none."""
        found: list[str] = self.ask("externalcontact/list", userid=userid)["external_userid"]
        return found

    def get(self, external_userid: str, cursor: str | None = None) -> Said:
        return self.ask("externalcontact/get", external_userid=external_userid, cursor=cursor)

    def batch_get_by_user(self, userids: list[str], cursor: str = "", limit: int = 100) -> Said:
        """One page of the relations of up to 100 guides; next_cursor is "" at the end."""
        body = {"userid_list": userids, "cursor": cursor, "limit": limit}
        return self.tell("externalcontact/batch/get_by_user", body)

    def remark(self, **body: Any) -> Said:
        return self.tell("externalcontact/remark", body)

    def mark_tag(self, **body: Any) -> Said:
        return self.tell("externalcontact/mark_tag", body)

    def get_corp_tag_list(self, **body: Any) -> Said:
        return self.tell("externalcontact/get_corp_tag_list", body)

    def add_corp_tag(self, **body: Any) -> Said:
        return self.tell("externalcontact/add_corp_tag", body)

    def edit_corp_tag(self, **body: Any) -> Said:
        return self.tell("externalcontact/edit_corp_tag", body)

    def del_corp_tag(self, **body: Any) -> Said:
        return self.tell("externalcontact/del_corp_tag", body)

    def send_welcome_msg(self, **body: Any) -> Said:
        return self.tell("externalcontact/send_welcome_msg", body)

    def get_user_behavior_data(self, *, paid: bool = False, **body: Any) -> Said:
        """Sums over the given people, a row for each day; some of these numbers are fractions."""
        return self.tell("externalcontact/get_user_behavior_data", body, floats=True, paid=paid)

    def groupchat_list(self, **body: Any) -> Said:
        return self.tell("externalcontact/groupchat/list", {"limit": 1000, **body})

    def groupchat_get(self, chat_id: str, need_name: int = 1) -> Said:
        return self.tell("externalcontact/groupchat/get", {"chat_id": chat_id, "need_name": need_name})


class Directory(_Endpoints):
    """People and departments in the app's sight."""

    def departments(self, department_id: int | None = None) -> list[Said]:
        """The tree below a department, or all of it: id, name, parentid, order."""
        found: list[Said] = self.ask("department/list", id=department_id)["department"]
        return found

    def simple_departments(self, department_id: int | None = None) -> list[Said]:
        """The same without names, which WeCom allows more often."""
        found: list[Said] = self.ask("department/simplelist", id=department_id)["department_id"]
        return found

    def users(self, department_id: int) -> list[Said]:
        """The people of one department, without those of its children."""
        found: list[Said] = self.ask("user/list", department_id=department_id)["userlist"]
        return found

    def simple_users(self, department_id: int) -> list[Said]:
        """The same people with userid, name and departments only."""
        found: list[Said] = self.ask("user/simplelist", department_id=department_id)["userlist"]
        return found

    def user(self, userid: str) -> Said:
        return self.ask("user/get", userid=userid)

    def who_came(self, code: str) -> Said:
        """Who was led back to us with this code: a userid; or openid and external_userid of somebody from outside."""
        return self.ask("auth/getuserinfo", code=code)

    def list_id(self, cursor: str = "", limit: int = 10_000) -> Said:
        """One page of userid and department pairs; for the contact-sync secret only."""
        return self.tell("user/list_id", {"cursor": cursor, "limit": limit})


class Media(_Endpoints):
    """Files, given as bytes."""

    def upload(self, kind: str, name: str, content: bytes) -> Said:
        """A media_id good for three days; kind is image, voice, video or file."""
        return self._upload("media/upload", name, content, type=kind)

    def upload_img(self, name: str, content: bytes) -> Said:
        """A URL that stays, for pictures inside messages."""
        return self._upload("media/uploadimg", name, content)

    def upload_attachment(self, kind: str, name: str, content: bytes, attachment_type: int = 1) -> Said:
        """A media_id for moments (1) or product albums (2), which take no other."""
        api = "media/upload_attachment"
        return self._upload(api, name, content, media_type=kind, attachment_type=attachment_type)

    def _upload(self, api: str, name: str, content: bytes, **params: Any) -> Said:
        files = {"media": (name, BytesIO(content))}
        said: Said = self._post(api, params=params, files=files, expects=EXPECTED.get(api))
        return said
