//! What facts name, and what more they say: tables that sources fill, columns that marts may need, rows that are none.

use crate::support::{fails, succeeds};

/// A pipeline of members and orders, with the sources and keys of `more`.
fn pipeline(columns: &str, more: &str) -> String {
    format!(
        "name: t
input: in
lake: lake
marts: marts
limits: {{ reject_share: 0.9 }}
guards: {{ rejects: null }}
sources:
  - {{ name: members, channel: shop, holds: people, files: 'members.csv', format: csv, record_id: 会員番号, columns: {{ name: 氏名, phone: 電話番号 }} }}
  - {{ name: orders, channel: shop, holds: events, event_type: purchase, files: 'orders_*.csv', format: csv, event_id: 番号, record_id: 会員番号, occurred_at: 日時, columns: {{ transaction_id: 番号, item_id: 商品, quantity: 数量, amount: 金額{columns} }} }}
{more}"
    )
}

const PRODUCTS: &str = "  - { name: products, holds: reference, table: product, files: 'products_*.csv', format: csv, columns: { item_id: 商品, item_name: 商品名, category_path: 分類, cost: 原価, launched_on: 発売日, role: 役割 }, values: { 役割: { お試し: trial, 本品: main } }, may_be_empty: true }\n";
const SPEND: &str = "  - { name: spend, holds: reference, table: medium_spend, files: 'spend.csv', format: csv, columns: { medium: 媒体, month: 月, amount: 費用 } }\n";

struct Shop(tempfile::TempDir);

impl Shop {
    fn new(columns: &str, more: &str) -> Self {
        let shop = Shop(tempfile::tempdir().expect("a folder"));
        for folder in ["in", "marts"] {
            std::fs::create_dir_all(shop.0.path().join(folder)).expect("a folder");
        }
        shop.pipeline(columns, more);
        shop.put("members.csv", "会員番号,氏名,電話番号\n1,高橋 太郎,090-1234-5678\n2,鈴木 花子,080-2345-6789\n");
        shop.put("orders_1.csv", "番号,商品,会員番号,日時,数量,金額\nA1,cap,1,2026-01-31 09:30,2,3000\n");
        shop
    }

    fn pipeline(&self, columns: &str, more: &str) {
        std::fs::write(self.0.path().join("pipeline.yaml"), pipeline(columns, more)).expect("written");
    }

    fn path(&self, below: &str) -> String {
        self.0.path().join(below).display().to_string()
    }

    fn put(&self, name: &str, rows: &str) {
        std::fs::write(self.0.path().join("in").join(name), rows).expect("written");
    }

    fn products(&self, name: &str, rows: &str) {
        self.put(name, &format!("商品,商品名,分類,原価,発売日,役割\n{rows}"));
    }

    fn mart(&self, name: &str, query: &str) {
        std::fs::write(self.0.path().join("marts").join(name), query).expect("written");
    }

    fn run(&self) -> String {
        succeeds(&["run", &self.path("pipeline.yaml"), "--log", "json"])
    }

    fn refused(&self, command: &str, code: i32) -> String {
        fails(code, &[command, &self.path("pipeline.yaml")])
    }

    fn sql(&self, query: &str) -> String {
        let csv = succeeds(&["sql", "--lake", &self.path("lake"), "--format", "csv", query]);
        csv.lines().skip(1).collect::<Vec<_>>().join("\n")
    }
}

const PRODUCT: &str = "select item_id, item_name, category_path, cost, launched_on, role from product order by 1";
const REJECTS: &str = "select file, line, reason from reject order by 1, 2";

/// Rows in = records + interactions + rows of references + rejects.
fn nothing_is_lost(shop: &Shop) {
    let counted = shop.sql(
        "select (select sum(cast(i['rows'] as bigint)) from (select unnest(inputs) as i from run where run_number = (select max(run_number) from run)))
                = (select sum(versions) from source_record) + (select count(*) from interaction) + (select count(*) from product)
                + (select count(*) from store) + (select count(*) from medium_spend) + (select count(*) from reject)",
    );
    assert_eq!(counted, "true");
}

#[test]
fn tables_that_no_source_fills_are_there_without_rows() {
    let shop = Shop::new("", "");
    shop.mart(
        "priced.sql",
        "select i.event_id, p.cost from interaction i left join product p on p.item_id = i.item_id",
    );
    shop.run();
    for table in ["product", "store", "medium_spend"] {
        assert_eq!(shop.sql(&format!("select count(*) from {table}")), "0", "{table}");
    }
    assert_eq!(shop.sql("select * from priced"), "A1,");
    let unmapped = "select count(discount), count(staff), count(valid_until), count(bought_on), count(score), count(status) from interaction";
    assert_eq!(shop.sql(unmapped), "0,0,0,0,0,0");
}

#[test]
fn a_reference_is_read_and_what_cannot_be_read_is_told() {
    let shop = Shop::new("", &format!("{PRODUCTS}{SPEND}"));
    shop.products(
        "products_1.csv",
        "cap,帽子,服>小物>帽子,\"1,200\",2024年2月29日,本品\nbag,鞄,服>小物,,,お試し\n,靴,服,100,,\nsock,靴下,服,高い,,\nshirt,,,0,いつか,\nbelt,帯,服,1,,夜\n1.23457E+11,傘,服,1,,\ncap,帽子,服>小物>帽子,1300,2024-02-29,main\n",
    );
    shop.put("spend.csv", "媒体,月,費用\nsearch,2026-03,1000\nsearch,2026年2月,\"¥2,000\"\nmail,2026/03,0\nmail,2026-01-15,5\nmail,春,5\nmail,2026-04,\n");
    shop.mart("margin.sql", "select i.event_id, i.amount - p.cost * i.quantity as margin from interaction i join product p on p.item_id = i.item_id");
    let said = shop.run();
    assert_eq!(shop.sql(PRODUCT), "bag,鞄,服>小物,,,trial\ncap,帽子,服>小物>帽子,1300.0000,2024-02-29,main");
    assert_eq!(
        shop.sql("select medium, month, amount from medium_spend order by 1, 2"),
        "mail,2026-01-01,5.0000\nmail,2026-03-01,0.0000\nsearch,2026-02-01,2000.0000\nsearch,2026-03-01,1000.0000"
    );
    assert_eq!(
        shop.sql(REJECTS),
        "products_1.csv,2,replaced_reference\nproducts_1.csv,4,missing_required\nproducts_1.csv,5,bad_cost\nproducts_1.csv,6,bad_launched_on\nproducts_1.csv,7,bad_role\nproducts_1.csv,8,damaged_id\nspend.csv,6,bad_month\nspend.csv,7,missing_required"
    );
    assert!(
        said.contains("1 rows of references were replaced by a later row with the same key: 1 products_1.csv"),
        "{said}"
    );
    assert!(said.contains("7 rows rejected"), "{said}");
    assert_eq!(shop.sql("select event_id, cast(margin as double) from margin"), "A1,400.0");
    nothing_is_lost(&shop);
}

#[test]
fn a_later_price_list_counts_key_by_key_and_one_that_is_gone_does_not() {
    let shop = Shop::new("", PRODUCTS);
    shop.products("products_1.csv", "cap,帽子,服,1200,,\nbag,鞄,服,900,,\n");
    shop.run();
    shop.products("products_2.csv", "cap,帽子,服,1500,,\n");
    let said = shop.run();
    assert!(
        said.contains("1 rows of references were replaced by a later row with the same key: 1 products_1.csv"),
        "{said}"
    );
    assert_eq!(shop.sql("select item_id, cost from product order by 1"), "bag,900.0000\ncap,1500.0000");
    assert_eq!(shop.sql(REJECTS), "products_1.csv,2,replaced_reference");
    nothing_is_lost(&shop);
    // A run over everything says the same.
    succeeds(&["run", &shop.path("pipeline.yaml"), "--full", "--log", "json"]);
    assert_eq!(shop.sql("select item_id, cost from product order by 1"), "bag,900.0000\ncap,1500.0000");
    std::fs::remove_file(shop.path("in/products_2.csv")).expect("removed");
    shop.run();
    assert_eq!(shop.sql("select item_id, cost from product order by 1"), "bag,900.0000\ncap,1200.0000");
    assert_eq!(shop.sql(REJECTS), "");
    std::fs::remove_file(shop.path("in/products_1.csv")).expect("removed");
    shop.run();
    assert_eq!(shop.sql("select count(*) from product"), "0", "the source may be empty");
    shop.pipeline("", &PRODUCTS.replace(", may_be_empty: true", ""));
    let said = shop.refused("run", 2);
    assert!(said.contains("source \"products\": no file matches"), "{said}");
}

#[test]
fn what_a_reference_cannot_say_is_told_with_its_remedy() {
    let mut wrong = Vec::new();
    let mut check = |of: &str, by: &str, said: &[&str]| {
        let shop = Shop::new("", &PRODUCTS.replacen(of, by, 1));
        assert!(PRODUCTS.contains(of), "{of}");
        shop.products("products_1.csv", "cap,帽子,服,1200,,\n");
        let told = shop.refused("validate", 2);
        if !said.iter().all(|part| told.contains(part)) {
            wrong.push(format!("{of} {by}: {told}"));
        }
    };
    check("table: product", "table: prodct", &["cannot be \"prodct\"", "did you mean \"product\"?"]);
    check("table: product, ", "", &["holds a reference and has no table", "one of: product, store, medium_spend"]);
    check("cost: 原価", "cots: 原価", &["unknown attribute \"cots\"", "did you mean \"cost\"?"]);
    check("item_id: 商品, ", "", &["does not map item_id, without which no row of product can be", "add `item_id: …`"]);
    check(
        "format: csv",
        "format: csv, record_id: 商品",
        &["record_id in source \"products\", which holds a reference", "sources that hold people or events"],
    );
    check(
        "holds: reference",
        "holds: events, channel: shop, record_id: 商品, event_id: 商品, event_type: x",
        &["table in source \"products\", which holds events", "sources that hold a reference"],
    );
    check("holds: reference", "holds: refrence", &["cannot be \"refrence\"", "did you mean \"reference\"?"]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let again = PRODUCTS.replace("name: products", "name: again");
    let shop = Shop::new("", &format!("{PRODUCTS}{again}"));
    shop.mart("store.sql", "select 1 as one");
    let said = shop.refused("validate", 2);
    assert!(
        said.contains("files of source \"again\" are mapped twice to product") && said.contains("hint: "),
        "{said}"
    );
    assert!(said.contains("the mart store.sql has the name of a table that sources fill"), "{said}");
}

#[test]
fn a_fact_says_more_than_its_amount() {
    let columns = ", status: 状態, discount: 値引, coupon_id: 券, points_used: P, shipping_charged: 送料, shipping_cost: 送料負担, tax: 税, receipt_id: 伝票, medium: 媒体, valid_until: 期限, bought_on: 購入日, score: 点, staff: 担当, reason: 理由";
    let shop = Shop::new(columns, "");
    let head = "番号,商品,会員番号,日時,数量,金額,状態,値引,券,P,送料,送料負担,税,伝票,媒体,期限,購入日,点,担当,理由";
    // A row that says this in these columns, and nothing in those that are not named.
    let row = |id: &str, said: &[(&str, &str)]| -> String {
        let value = |column: &str| said.iter().find(|(name, _)| *name == column).map_or("", |(_, value)| *value);
        let more: Vec<&str> = head.split(',').skip(6).map(value).collect();
        format!("{id},cap,2,2026-01-31 09:30,2,3000,{}\n", more.join(","))
    };
    let all = [
        ("状態", "cancelled"),
        ("値引", "\"1,000\""),
        ("券", "\"=\"\"007\"\"\""),
        ("P", "50"),
        ("送料", "550"),
        ("送料負担", "400"),
        ("税", "272.7273"),
        ("伝票", "R1"),
        ("媒体", "search"),
        ("期限", "2027-03-31"),
        ("購入日", "2026/1/30"),
        ("点", "8.5"),
        ("担当", "佐藤"),
        ("理由", "色"),
    ];
    let rows = [
        row("A1", &all),
        row("A2", &[("状態", "キャンセル")]),
        row("A3", &[("値引", "半額")]),
        row("A4", &[("購入日", "去年")]),
        row("A5", &[("期限", "春")]),
        row("A6", &[("点", "良い")]),
        row("A7", &[]),
        row("A8", &[("値引", "10")]),
        row("A8", &[("値引", "20")]),
    ];
    shop.put("orders_1.csv", &format!("{head}\n{}", rows.concat()));
    shop.run();
    let said =
        "select status, discount, coupon_id, points_used, shipping_charged, shipping_cost, tax, receipt_id, medium,
                       cast(valid_until as varchar) as valid_until, bought_on, score, staff, reason
                from interaction where event_id = 'A1'";
    assert_eq!(
        shop.sql(said),
        "cancelled,1000.0000,007,50.0000,550.0000,400.0000,272.7273,R1,search,2027-03-31T00:00:00+09:00,2026-01-30,8.5,佐藤,色"
    );
    assert_eq!(
        shop.sql(REJECTS),
        "orders_1.csv,3,bad_status\norders_1.csv,4,bad_discount\norders_1.csv,5,bad_bought_on\norders_1.csv,6,bad_valid_until\norders_1.csv,7,bad_score"
    );
    let lines = "select event_id, discount from interaction where event_id >= 'A7' order by 1";
    assert_eq!(shop.sql(lines), "A7,\nA8,10.0000\nA8#2,20.0000", "two lines that differ in what is taken off");
    nothing_is_lost(&shop);
}

#[test]
fn codes_that_a_reference_lacks_are_told_in_one_line() {
    let shop = Shop::new(", store_id: 店, medium: 媒体", &format!("{PRODUCTS}{SPEND}"));
    shop.products("products_1.csv", "cap,帽子,服,1200,,\n");
    shop.put("spend.csv", "媒体,月,費用\nsearch,2026-01,1000\nserch,2026-02,2000\nserch,2026-03,2000\n");
    let row = |id: usize, item: &str| format!("A{id},{item},1,2026-01-31 09:30,1,100,S1,search\n");
    let items = ["cap", "hat", "hat", "0012", "bag", "tie", "private@example.test"];
    let rows: String = items.iter().enumerate().map(|(id, item)| row(id, item)).collect();
    shop.put("orders_1.csv", &format!("番号,商品,会員番号,日時,数量,金額,店,媒体\n{rows}"));
    let (validated, said) = (succeeds(&["validate", &shop.path("pipeline.yaml")]), shop.run());
    for told in [&validated, &said] {
        let items = "6 rows of facts with 5 values of item_id that product does not have, such as hat, 0012, bag: figures by product leave them out";
        assert!(told.contains(items), "{told}");
        let spend = "2 rows of medium_spend with 1 value of medium that no purchase and no visit has, such as serch: what was spent there wins nobody";
        assert!(told.contains(spend), "{told}");
        assert!(!told.contains("store_id"), "no source fills it: {told}");
    }
    shop.products("products_1.csv", &items.map(|item| format!("{item},x,服,1200,,\n")).concat());
    shop.put("spend.csv", "媒体,月,費用\nsearch,2026-01,1000\n");
    let said = shop.run();
    assert!(!said.contains("rows of facts with") && !said.contains("medium_spend"), "{said}");
}

#[test]
fn a_word_that_nobody_knows_is_told_once_with_its_rows_and_the_remedy() {
    let shop = Shop::new(", status: 状態", PRODUCTS);
    shop.products("products_1.csv", "cap,帽子,服,1200,,\nbag,鞄,服,1200,,demo\n");
    let row = |id: usize, state: &str| format!("A{id},cap,1,2026-01-31 09:30,1,100,{state}\n");
    let states = ["出荷待ち", "出荷待ち", "confirmed", "on_check", "出荷待ち"];
    let rows: String = states.iter().enumerate().map(|(id, state)| row(id, state)).collect();
    shop.put("orders_1.csv", &format!("番号,商品,会員番号,日時,数量,金額,状態\n{rows}"));
    let ran = crate::support::nayose(&["run", &shop.path("pipeline.yaml"), "--log", "text"]);
    let warned = String::from_utf8_lossy(&ran.stderr).into_owned();
    let validated = succeeds(&["validate", &shop.path("pipeline.yaml")]);
    for told in [&warned, &validated] {
        for (word, said) in [
            (
                "出荷待ち",
                "source \"orders\": 3 rows were rejected, as nobody said what the status \"出荷待ち\" means: write `values: { 状態: { 出荷待ち: confirmed } }`, or one of cancelled, provisional, returned in place of confirmed",
            ),
            ("on_check", "source \"orders\": 1 row was rejected, as nobody said what the status \"on_check\" means"),
            (
                "demo",
                "source \"products\": 1 row was rejected, as nobody said what the role \"demo\" means: write `values: { 役割: { demo: trial } }`",
            ),
        ] {
            assert!(told.contains(said), "{said}\n{told}");
            assert_eq!(told.matches(&format!("{word}\" means")).count(), 1, "{told}");
        }
    }
    // A column with names in it is a slip, and no name is told.
    let row = |id: usize| format!("A{id},cap,1,2026-01-31 09:30,1,100,高橋 太郎\n");
    shop.put(
        "orders_1.csv",
        &format!("番号,商品,会員番号,日時,数量,金額,状態\n{}", (0..3).map(row).collect::<String>()),
    );
    let ran = crate::support::nayose(&["run", &shop.path("pipeline.yaml"), "--log", "text"]);
    let warned = String::from_utf8_lossy(&ran.stderr).into_owned();
    let said = "source \"orders\": 3 rows were rejected for words of 状態 that could be a person's and are not shown";
    assert!(warned.contains(said), "{warned}");
    assert!(!warned.contains("高橋"), "{warned}");
}
