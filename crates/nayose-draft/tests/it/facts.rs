//! What files of events, and of what they name, say beside who and when.

use std::path::Path;

use nayose_draft::{Answers, Holds, Layout, Sample, SourceDraft, columns, draft, pipeline_yaml};

use crate::whole;

/// The folder that `make sample` writes.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sample_data");

/// A file, what it is, attribute and column of each.
type File = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The sample's files of events whose pipeline is known.
const SAMPLE: &[File] = &[
    (
        "crm/coupons.csv",
        "coupon",
        &[
            ("category", "区分"),
            ("coupon_id", "クーポン番号"),
            ("campaign", "キャンペーン"),
            ("valid_until", "有効期限"),
        ],
    ),
    (
        "crm/messages_shop_202504.csv",
        "message",
        &[("category", "反応"), ("campaign", "キャンペーン"), ("arm", "配信群"), ("medium", "手段")],
    ),
    (
        "crm/messages_app_202504.csv",
        "message",
        &[("category", "event"), ("campaign", "campaign"), ("arm", "arm"), ("medium", "channel")],
    ),
    (
        "crm/contracts.csv",
        "contract",
        &[
            ("account_id", "契約番号"),
            ("category", "区分"),
            ("amount", "月額"),
            ("corporate_number", "法人番号"),
            ("valid_until", "契約満了日"),
            ("reason", "理由"),
            ("staff", "担当者"),
        ],
    ),
    (
        "crm/registrations.csv",
        "registration",
        &[("item_id", "品番"), ("item_name", "商品名"), ("serial_number", "製造番号"), ("bought_on", "購入日")],
    ),
    (
        "crm/points.csv",
        "point",
        &[("account_id", "口座番号"), ("category", "区分"), ("amount", "コイン"), ("valid_until", "有効期限")],
    ),
    ("crm/memberships.csv", "membership", &[("category", "区分"), ("status", "ランク"), ("reason", "理由")]),
    (
        "crm/products.csv",
        "product",
        &[
            ("item_id", "商品コード"),
            ("item_name", "商品名"),
            ("category_path", "カテゴリ"),
            ("cost", "原価"),
            ("launched_on", "発売日"),
            ("role", "区分"),
        ],
    ),
    (
        "crm/stores.csv",
        "store",
        &[("store_id", "店舗コード"), ("store_name", "店舗名"), ("prefecture", "都道府県"), ("opened_on", "開店日")],
    ),
    ("crm/media_spend.csv", "medium_spend", &[("medium", "媒体"), ("month", "対象月"), ("amount", "広告費")]),
];

/// The drafted source of one file.
fn source_of(name: &str, bytes: &[u8]) -> SourceDraft {
    let drafted = draft(&[whole(name, bytes)]);
    let mut sources: Vec<SourceDraft> = drafted.sources.into_iter().filter(|s| s.holds != Holds::People).collect();
    assert_eq!(sources.len(), 1, "{name}: {sources:?}");
    sources.remove(0)
}

fn mapped(source: &SourceDraft) -> Vec<(&str, &str)> {
    source.columns.iter().filter_map(|m| Some((m.attribute.as_str(), m.columns.first()?.as_str()))).collect()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the sample lies in files; the core under test opens none")]
fn files_of_the_sample_are_drafted_as_its_pipeline_maps_them() {
    let mut wrong = Vec::new();
    for (name, what, expected) in SAMPLE {
        let bytes = std::fs::read(Path::new(KEPT).join(name)).expect(name);
        let source = source_of(name, &bytes);
        let is = source.table.or(source.event_type.as_deref()).unwrap_or_default();
        if is != *what {
            wrong.push(format!("{name}: {is}, not {what}"));
        }
        let found = mapped(&source);
        wrong.extend(
            expected
                .iter()
                .filter(|pair| !found.contains(pair))
                .map(|(a, c)| format!("{name}: {a} is not {c}: {found:?} {:?}", source.maybe)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rows of CSV.
fn csv(text: &str) -> String {
    text.lines().map(|line| line.trim().to_owned() + "\n").collect()
}

/// Shipping of an order that stands on each line would count twice: it is told, and falls on the first where lines are numbered.
#[test]
fn an_amount_of_an_order_that_every_line_repeats_is_a_comment() {
    let of = |header: &str, rows: &str| source_of("orders.csv", csv(&format!("{header}\n{rows}")).as_bytes());
    let repeated = of(
        "注文番号,会員番号,注文日時,商品コード,数量,単価,送料,明細値引額",
        "A1,M1,2026-01-05 10:00:00,X-1,1,500,550,50\nA1,M1,2026-01-05 10:00:00,X-2,1,800,550,0\nA2,M2,2026-01-06 10:00:00,X-1,2,500,0,0\n",
    );
    assert!(!mapped(&repeated).iter().any(|(attribute, _)| *attribute == "shipping_charged"));
    assert!(mapped(&repeated).contains(&("discount", "明細値引額")));
    let maybe = &repeated.maybe[0];
    assert_eq!(
        (maybe.attribute, maybe.column.as_str(), maybe.expression.as_deref()),
        ("shipping_charged", "送料", None)
    );
    assert!(maybe.why.contains("on every row of an order"), "{}", maybe.why);
    let numbered = of(
        "注文番号,行番号,会員番号,注文日時,商品コード,数量,単価,送料",
        "A1,1,M1,2026-01-05 10:00:00,X-1,1,500,550\nA1,2,M1,2026-01-05 10:00:00,X-2,1,800,550\nA2,1,M2,2026-01-06 10:00:00,X-1,2,500,0\n",
    );
    let expression = numbered.maybe[0].expression.as_deref();
    assert_eq!(expression, Some("case when \"行番号\" = '1' then \"送料\" end"));
    // On the first row alone, as Shopify writes it, it counts once as it is.
    let first = of(
        "注文番号,会員番号,注文日時,商品コード,数量,単価,送料",
        "A1,M1,2026-01-05 10:00:00,X-1,1,500,550\nA1,M1,2026-01-05 10:00:00,X-2,1,800,\nA2,M2,2026-01-06 10:00:00,X-1,2,500,0\n",
    );
    assert!(mapped(&first).contains(&("shipping_charged", "送料")), "{first:?}");
}

#[test]
fn states_of_orders_are_mapped_where_every_word_is_known() {
    let text = |words: [&str; 3]| {
        let row = |(i, word): (usize, &&str)| format!("A{i},M{i},2026-01-0{} 10:00:00,1000,{word}\n", i + 1);
        "注文番号,会員番号,注文日時,合計金額,対応状況\n".to_owned()
            + &words.iter().enumerate().map(row).collect::<String>()
    };
    let yaml = |words: [&str; 3]| {
        let bytes = text(words);
        let drafted = draft(&[Sample { name: "orders.csv".into(), bytes: bytes.as_bytes(), whole: true }]);
        pipeline_yaml(&drafted, &Answers::default(), &Layout::default())
    };
    let known = yaml(["発送済み", "キャンセル", "返品"]);
    assert!(known.contains("status: 対応状況"), "{known}");
    for entry in ["発送済み: confirmed", "キャンセル: cancelled", "返品: returned"] {
        assert!(known.contains(entry), "{entry} of {known}");
    }
    let unknown = yaml(["発送済み", "キャンセル", "謎の状態"]);
    assert!(!unknown.contains("      status: "), "{unknown}");
    assert!(unknown.contains("# ? Rows with which values of 対応状況 are left out?"), "{unknown}");
}

/// People with a rank, points and a campaign of today are people.
#[test]
fn people_with_points_and_ranks_are_people() {
    let text = "会員番号,氏名,電話番号,会員ランク,ポイント,ポイント有効期限,紹介者,キャンペーン\n1,田村 直樹,090-5550-7711,ゴールド,100,2026-12-31,,夏\n2,岡本 千尋,080-5550-7722,レギュラー,0,2026-12-31,,\n";
    let drafted = draft(&[whole("members.csv", text.as_bytes())]);
    assert_eq!(drafted.sources.iter().map(|s| s.holds).collect::<Vec<_>>(), [Holds::People]);
    assert!(columns(&whole("members.csv", text.as_bytes()))[0].topic.is_none());
}
