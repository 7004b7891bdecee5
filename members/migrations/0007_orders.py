import django.db.models.deletion
import scrm.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Products with stock, orders with lines, refunds, and what was bought in a year."""

    dependencies = [
        ("members", "0006_sources_and_events"),
        ("stores", "0004_city_tiers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="pr_")),
                ("sku", models.CharField(max_length=64, unique=True, verbose_name="SKU")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("category", models.CharField(blank=True, db_default="", max_length=60, verbose_name="category")),
                ("price_fen", models.BigIntegerField(blank=True, null=True, verbose_name="price (fen)")),
                ("is_on_sale", models.BooleanField(db_default=True, default=True, verbose_name="on sale")),
                ("created_at", models.DateTimeField(verbose_name="first told")),
                ("changed_at", models.DateTimeField(verbose_name="last changed")),
            ],
            options={
                "verbose_name": "product",
                "verbose_name_plural": "products",
                "indexes": [models.Index(fields=["category", "sku"], name="products_by_category")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("price_fen", None), ("price_fen__gte", 0), _connector="OR"),
                        name="a_price_is_not_below_nothing",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="o_")),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.source",
                        verbose_name="source",
                    ),
                ),
                ("number", models.CharField(max_length=64, verbose_name="number")),
                ("parent_number", models.CharField(blank=True, db_default="", max_length=64, verbose_name="part of")),
                (
                    "parent",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="parts",
                        to="members.order",
                        verbose_name="part of",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                ("buyer", models.BinaryField(max_length=16, null=True)),
                ("content", models.BinaryField(max_length=16)),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="stores.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("store", "store"),
                            ("mini_program", "mini-program"),
                            ("wechat_shop", "WeChat shop"),
                            ("youzan", "Youzan"),
                            ("taobao", "Taobao"),
                            ("tmall", "Tmall"),
                            ("jd", "JD"),
                            ("pdd", "Pinduoduo"),
                            ("douyin", "Douyin"),
                            ("kuaishou", "Kuaishou"),
                            ("xiaohongshu", "Xiaohongshu"),
                            ("delivery", "delivery platform"),
                            ("other", "other"),
                        ],
                        max_length=20,
                        verbose_name="channel",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="sold by",
                    ),
                ),
                (
                    "seller_userid",
                    models.CharField(blank=True, db_default="", max_length=64, verbose_name="sold by (userid)"),
                ),
                ("paid_at", models.DateTimeField(verbose_name="paid at")),
                ("paid_day", models.DateField(verbose_name="paid on")),
                ("paid_fen", models.BigIntegerField(verbose_name="paid (fen)")),
                ("refunded_fen", models.BigIntegerField(db_default=0, default=0, verbose_name="refunded (fen)")),
                ("units", models.IntegerField(db_default=0, default=0, verbose_name="units")),
                ("categories", models.SmallIntegerField(db_default=0, default=0, verbose_name="categories")),
                ("version_at", models.DateTimeField(null=True, verbose_name="changed at the source")),
                ("created_at", models.DateTimeField(verbose_name="first told")),
                ("changed_at", models.DateTimeField(verbose_name="last changed")),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "indexes": [
                    models.Index(
                        condition=models.Q(("member__isnull", False)),
                        fields=["member", "paid_at"],
                        name="orders_by_member",
                    ),
                    models.Index(fields=["store", "paid_day"], name="orders_by_store"),
                    models.Index(fields=["paid_day"], name="orders_by_day"),
                    models.Index(
                        condition=models.Q(("seller__isnull", False)),
                        fields=["seller", "paid_day"],
                        name="orders_by_seller",
                    ),
                    models.Index(
                        condition=models.Q(("parent_number", ""), _negated=True),
                        fields=["source", "parent_number"],
                        name="orders_by_their_whole",
                    ),
                    models.Index(
                        condition=models.Q(("parent__isnull", False)), fields=["parent"], name="orders_that_are_parts"
                    ),
                    models.Index(fields=["changed_at"], name="orders_by_change"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "number"), name="an_order_is_told_once_by_a_source"),
                    models.CheckConstraint(condition=models.Q(("paid_fen__gte", 0)), name="an_order_is_paid_not_owed"),
                ],
            },
        ),
        migrations.CreateModel(
            name="YearSlice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=8)),
                ("digit", models.SmallIntegerField()),
                ("at", models.DateTimeField()),
                ("body", models.BinaryField()),
            ],
            options={
                "verbose_name": "digit of a year's purchases",
                "verbose_name_plural": "digits of a year's purchases",
                "constraints": [
                    models.UniqueConstraint(fields=("name", "digit"), name="a_digit_of_a_year_is_kept_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Stock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stock",
                        to="members.product",
                        verbose_name="product",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stock",
                        to="stores.store",
                        verbose_name="store",
                    ),
                ),
                ("quantity", models.IntegerField(verbose_name="quantity")),
                ("told_at", models.DateTimeField(verbose_name="as of")),
            ],
            options={
                "verbose_name": "stock",
                "verbose_name_plural": "stock",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("product", "store"), name="a_stores_stock_of_a_product_stands_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("quantity__gte", 0)), name="stock_is_not_below_nothing"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="members.order",
                        verbose_name="order",
                    ),
                ),
                ("position", models.SmallIntegerField(verbose_name="line")),
                ("sku", models.CharField(max_length=64, verbose_name="SKU")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                ("category", models.CharField(blank=True, max_length=60, verbose_name="category")),
                ("quantity", models.IntegerField(verbose_name="quantity")),
                ("paid_fen", models.BigIntegerField(verbose_name="paid (fen)")),
            ],
            options={
                "verbose_name": "line of an order",
                "verbose_name_plural": "lines of orders",
                "constraints": [
                    models.UniqueConstraint(fields=("order", "position"), name="an_orders_line_stands_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", scrm.ids.PublicId(prefix="rf_")),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.source",
                        verbose_name="source",
                    ),
                ),
                ("number", models.CharField(max_length=64, verbose_name="number")),
                ("order_number", models.CharField(max_length=64, verbose_name="of order")),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refunds",
                        to="members.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waits for its order"),
                            ("counted", "counted"),
                            ("excess", "more than was paid: not counted"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("refunded_at", models.DateTimeField(verbose_name="refunded at")),
                ("refunded_day", models.DateField(verbose_name="refunded on")),
                ("paid_fen", models.BigIntegerField(verbose_name="refunded (fen)")),
                ("content", models.BinaryField(max_length=16)),
                ("version_at", models.DateTimeField(null=True, verbose_name="changed at the source")),
                ("created_at", models.DateTimeField(verbose_name="first told")),
                ("changed_at", models.DateTimeField(verbose_name="last changed")),
            ],
            options={
                "verbose_name": "refund",
                "verbose_name_plural": "refunds",
                "indexes": [
                    models.Index(
                        models.F("order"),
                        models.F("refunded_at"),
                        condition=models.Q(("order__isnull", False)),
                        name="refunds_by_order",
                    ),
                    models.Index(fields=["source", "order_number"], name="refunds_by_number"),
                    models.Index(fields=["refunded_day"], name="refunds_by_day"),
                    models.Index(fields=["changed_at"], name="refunds_by_change"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "number"), name="a_refund_is_told_once_by_a_source"),
                    models.CheckConstraint(
                        condition=models.Q(("paid_fen__gt", 0)), name="a_refund_gives_something_back"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("order", None), ("state", "waiting")),
                            models.Q(models.Q(("state", "waiting"), _negated=True), ("order__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_refund_waits_until_its_order_comes",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="members.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.member",
                        verbose_name="customer",
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="stores.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="sold by",
                    ),
                ),
                ("paid_fen", models.BigIntegerField(verbose_name="paid (fen)")),
                ("is_refund", models.BooleanField(verbose_name="refund")),
                ("at", models.DateTimeField(verbose_name="corrected at")),
            ],
            options={
                "verbose_name": "correction of an order",
                "verbose_name_plural": "corrections of orders",
                "indexes": [models.Index(fields=["at"], name="corrections_by_time")],
            },
        ),
        migrations.CreateModel(
            name="RefundLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "refund",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="members.refund",
                        verbose_name="refund",
                    ),
                ),
                ("position", models.SmallIntegerField(verbose_name="line")),
                ("sku", models.CharField(max_length=64, verbose_name="SKU")),
                ("quantity", models.IntegerField(verbose_name="quantity")),
                ("paid_fen", models.BigIntegerField(verbose_name="refunded (fen)")),
            ],
            options={
                "verbose_name": "line of a refund",
                "verbose_name_plural": "lines of refunds",
                "constraints": [
                    models.UniqueConstraint(fields=("refund", "position"), name="a_refunds_line_stands_once")
                ],
            },
        ),
    ]
