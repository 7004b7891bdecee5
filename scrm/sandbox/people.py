"""Names of people and places, drawn with the world's dice. All of them are invented."""

import random
from collections.abc import Container
from typing import Any

from scrm.sandbox.nouns import WECOM

SURNAMES = [pair.split() for pair in (
    "王 wang|李 li|张 zhang|刘 liu|陈 chen|杨 yang|黄 huang|赵 zhao|吴 wu|周 zhou|徐 xu|孙 sun|马 ma|朱 zhu|胡 hu|郭 guo|"
    "何 he|林 lin|高 gao|罗 luo|郑 zheng|梁 liang|谢 xie|宋 song|唐 tang|许 xu|邓 deng|冯 feng|韩 han|曹 cao|曾 zeng|彭 peng|"
    "萧 xiao|蔡 cai|潘 pan|田 tian|董 dong|袁 yuan|于 yu|余 yu|叶 ye|蒋 jiang|杜 du|苏 su|魏 wei|程 cheng|吕 lv|丁 ding|沈 shen"
).split("|")]  # fmt: skip
GIVEN = [pair.split() for pair in (
    "雨欣 yuxin|梓涵 zihan|思琪 siqi|佳怡 jiayi|晓彤 xiaotong|静 jing|丽娟 lijuan|婷婷 tingting|欣怡 xinyi|雪 xue|倩 qian|"
    "敏 min|燕 yan|玲 ling|海燕 haiyan|春梅 chunmei|美琳 meilin|诗涵 shihan|若曦 ruoxi|梦洁 mengjie|慧 hui|颖 ying|露 lu|"
    "小雅 xiaoya|秋月 qiuyue|心怡 xinyi|丹 dan|蓉 rong|娜 na|文静 wenjing|浩 hao|伟 wei|强 qiang|磊 lei|军 jun|子轩 zixuan|"
    "俊杰 junjie|宇航 yuhang|志远 zhiyuan|明 ming|建国 jianguo|鹏 peng|晨 chen|一鸣 yiming|天佑 tianyou|嘉豪 jiahao|博文 bowen|阳 yang"
).split("|")]  # fmt: skip
NICKNAMES = [
    "清风徐来", "晴天小猪", "橘子汽水", "听雨", "小鹿乱撞", "一杯奶茶", "月半弯", "云朵", "向日葵", "栗子妈妈", "阿宝", "半糖去冰",
    "Vivian", "Coco", "Linda 琳达", "A 幸福一家人", "豆豆妈", "南方有鱼", "慢慢来", "山茶花", "米粒", "夏天的风", "柚子", "安静的猫",
]  # fmt: skip
REGIONS: list[tuple[str, list[tuple[str, list[str]]]]] = [
    ("华东大区", [
        ("上海", ["静安寺", "徐家汇", "五角场", "陆家嘴", "七宝", "中山公园"]), ("南京", ["新街口", "夫子庙", "河西", "仙林"]),
        ("杭州", ["武林", "湖滨", "滨江", "城西"]), ("苏州", ["观前街", "园区湖东", "石路"]), ("宁波", ["天一广场", "鄞州"]),
    ]),
    ("华南大区", [
        ("广州", ["天河城", "北京路", "江南西", "珠江新城", "番禺广场"]), ("深圳", ["华强北", "福田", "南山海岸城", "宝安"]),
        ("佛山", ["顺德大良", "千灯湖", "祖庙"]), ("厦门", ["中山路", "集美", "五缘湾"]), ("珠海", ["香洲", "拱北"]),
    ]),
    ("华北大区", [
        ("北京", ["朝阳门", "中关村", "西单", "望京", "五棵松"]), ("天津", ["和平路", "滨江道", "南开"]),
        ("济南", ["泉城路", "历下"]), ("石家庄", ["北国", "裕华"]), ("太原", ["柳巷", "亲贤街"]),
    ]),
]  # fmt: skip
FRANCHISEES = ["粤盛商贸", "津海百货"]
BRAND = "木棉生活"


def a_name(dice: random.Random) -> tuple[str, str]:
    """(a Chinese name, its letters): 陈静, chenjing."""
    (surname, first), (given, rest) = dice.choice(SURNAMES), dice.choice(GIVEN)
    return surname + given, first + rest


def a_userid(letters: str, taken: Container[str]) -> str:
    """A userid that nobody has yet."""
    return next(each for n in range(100_000) if (each := f"{letters}{n or ''}") not in taken)


def a_mobile(dice: random.Random) -> str:
    """A number of a block that no carrier gives out."""
    return f"100{dice.randrange(10**8):08d}"


def a_customer(dice: random.Random, kind: int) -> dict[str, Any]:
    """How a WeChat person looks; a WeCom person (kind 2) has a company and no unionid."""
    name = a_name(dice)[0] if kind == WECOM or dice.random() < 0.6 else dice.choice(NICKNAMES)
    look = {
        "name": name,
        "gender": dice.choice([0, 1, 2, 2, 2]),
        "avatar": f"https://wx.qlogo.cn/mmhead/{dice.getrandbits(64):016x}/0",
        "unionid": "",
        "corp_name": "",
        "position": "",
    }
    if kind == WECOM:
        look |= {"corp_name": f"{dice.choice(SURNAMES)[0]}记商贸", "position": "采购"}
    else:
        look["unionid"] = "o" + "".join(dice.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789_-", k=27))
    return look
