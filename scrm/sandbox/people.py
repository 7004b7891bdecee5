"""Names of people and places, drawn with the world's dice. All of them are invented."""

import random
from collections.abc import Container
from typing import Any

from scrm.sandbox.nouns import WECOM

_SURNAMES = """
王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 吴wu 周zhou 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo 何he 林lin
高gao 罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 邓deng 冯feng 韩han 曹cao 曾zeng 彭peng 萧xiao 蔡cai 潘pan
田tian 董dong 袁yuan 于yu 余yu 叶ye 蒋jiang 杜du 苏su 魏wei 程cheng 吕lv 丁ding 沈shen
"""
_GIVEN = """
雨欣yuxin 梓涵zihan 思琪siqi 佳怡jiayi 晓彤xiaotong 静jing 丽娟lijuan 婷婷tingting 欣怡xinyi 雪xue 倩qian 敏min
燕yan 玲ling 海燕haiyan 春梅chunmei 美琳meilin 诗涵shihan 若曦ruoxi 梦洁mengjie 慧hui 颖ying 露lu 小雅xiaoya
秋月qiuyue 心怡xinyi 丹dan 蓉rong 娜na 文静wenjing 浩hao 伟wei 强qiang 磊lei 军jun 子轩zixuan 俊杰junjie
宇航yuhang 志远zhiyuan 明ming 建国jianguo 鹏peng 晨chen 一鸣yiming 天佑tianyou 阳yang 嘉豪jiahao 博文bowen
"""
_NICKNAMES = """
清风徐来 晴天小猪 橘子汽水 听雨 小鹿乱撞 一杯奶茶 月半弯 云朵 向日葵 栗子妈妈 阿宝 半糖去冰 Vivian Coco
琳达Linda A幸福一家人 豆豆妈 南方有鱼 慢慢来 山茶花 米粒 夏天的风 柚子 安静的猫
"""
SURNAMES, GIVEN, NICKNAMES = _SURNAMES.split(), _GIVEN.split(), _NICKNAMES.split()
REGIONS: list[tuple[str, list[tuple[str, list[str]]]]] = [
    ("华东大区", [
        ("上海", ["静安寺", "徐家汇", "五角场", "陆家嘴", "七宝", "中山公园"]),
        ("南京", ["新街口", "夫子庙", "河西", "仙林"]), ("杭州", ["武林", "湖滨", "滨江", "城西"]),
        ("苏州", ["观前街", "园区湖东", "石路"]), ("宁波", ["天一广场", "鄞州"]),
    ]),
    ("华南大区", [
        ("广州", ["天河城", "北京路", "江南西", "珠江新城", "番禺广场"]),
        ("深圳", ["华强北", "福田", "南山海岸城", "宝安"]), ("佛山", ["顺德大良", "千灯湖", "祖庙"]),
        ("厦门", ["中山路", "集美", "五缘湾"]), ("珠海", ["香洲", "拱北"]),
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
    surname, given = dice.choice(SURNAMES), dice.choice(GIVEN)
    return _chinese(surname) + _chinese(given), surname.lstrip(_chinese(surname)) + given.lstrip(_chinese(given))


def _chinese(word: str) -> str:
    return "".join(letter for letter in word if not letter.isascii())


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
        look |= {"corp_name": f"{_chinese(dice.choice(SURNAMES))}记商贸", "position": "采购"}
    else:
        look["unionid"] = "o" + "".join(dice.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789_-", k=27))
    return look
