from django.db import migrations, models

# After 第一财经·新一线城市研究所, 城市商业魅力排行榜 2024, whose first 119 places are tiers 1 to 3. The publisher names a new
# list every year: the brand keeps its own in the admin. What is not named here has no tier until somebody enters it.
CITIES = {
    1: "上海 北京 深圳 广州",
    2: "成都 杭州 重庆 武汉 苏州 西安 南京 长沙 天津 郑州 东莞 无锡 宁波 青岛 合肥",
    3: "佛山 沈阳 昆明 济南 厦门 福州 温州 常州 大连 石家庄 南宁 哈尔滨 金华 南昌 长春 南通 泉州 贵阳 嘉兴 太原 惠州 徐州 绍兴 中山 "
    "台州 烟台 兰州 潍坊 珠海 临沂",
    4: "盐城 湖州 保定 江门 赣州 泰州 海口 洛阳 漳州 汕头 揭阳 唐山 芜湖 扬州 廊坊 济宁 银川 呼和浩特 阜阳 淮安 邯郸 湛江 肇庆 新乡 "
    "镇江 商丘 菏泽 咸阳 襄阳 滁州 遵义 南阳 连云港 桂林 邢台 蚌埠 莆田 淄博 周口 九江 宿迁 威海 绵阳 沧州 信阳 株洲 驻马店 马鞍山 "
    "黄冈 宜昌 荆州 岳阳 衡阳 上饶 柳州 安庆 宜春 茂名 许昌 六安 德州 泰安 安阳 乌鲁木齐 清远 宁德 三亚 西宁 鞍山 潮州",
}


def write(apps, schema_editor):
    CityTier = apps.get_model("stores", "CityTier")
    CityTier.objects.bulk_create(CityTier(city=city, tier=tier) for tier, names in CITIES.items() for city in names.split())


class Migration(migrations.Migration):
    dependencies = [("stores", "0003_sign_in")]

    operations = [
        migrations.CreateModel(
            name="CityTier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("city", models.CharField(max_length=40, unique=True, verbose_name="city")),
                (
                    "tier",
                    models.SmallIntegerField(
                        choices=[
                            (1, "tier 1"),
                            (2, "new tier 1"),
                            (3, "tier 2"),
                            (4, "tier 3"),
                            (5, "tier 4"),
                            (6, "tier 5"),
                        ],
                        verbose_name="tier",
                    ),
                ),
            ],
            options={"verbose_name": "city", "verbose_name_plural": "city tiers", "ordering": ["tier", "city"]},
        ),
        migrations.RunPython(write, migrations.RunPython.noop),
    ]
