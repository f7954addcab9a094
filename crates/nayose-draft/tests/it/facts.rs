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

/// The sources of events of a file, each with its kind, its time, what happened and which rows.
fn events(name: &str, text: &str) -> (Vec<String>, String) {
    let drafted = draft(&[whole(name, text.as_bytes())]);
    let events = drafted.sources.iter().filter(|s| s.holds == Holds::Events);
    let one = |s: &SourceDraft| {
        let what = s.moment.as_ref().map_or("", |moment| moment.category);
        format!("{} {} {what} {}", s.name, s.event_type.as_deref().unwrap_or_default(), s.occurred_at.join("+"))
    };
    (events.map(one).collect(), pipeline_yaml(&drafted, &Answers::default(), &Layout::default()))
}

fn of<'a>(yaml: &'a str, source: &str) -> &'a str {
    let at = yaml.find(&format!("- name: {source}\n")).unwrap_or_else(|| panic!("{source} of {yaml}"));
    let rest = &yaml[at..];
    &rest[..rest[1..].find("- name: ").map_or(rest.len(), |end| end + 1)]
}

#[test]
fn a_contract_with_start_and_end_in_one_row_is_two_events() {
    let text = "契約番号,会員番号,契約開始日,解約日,契約満了日,月額,契約状態,解約理由,更新日時\n\
        K1,M1,2024-04-01,,2027-03-31,1980,契約中,,2026-01-01 10:00:00\n\
        K2,M2,2024-05-01,2025-06-30,2026-04-30,980,解約済,引越し,2026-01-01 10:00:00\n\
        K3,M2,2025-07-01,,2026-06-30,980,契約中,,2026-01-01 10:00:00\n";
    let (sources, yaml) = events("shop/contracts.csv", text);
    assert_eq!(sources, ["shop_events contract start 契約開始日", "shop_events_end contract end 解約日"]);
    for (source, has, lacks) in [
        ("shop_events", ["amount: 月額", "valid_until: 契約満了日", "契約開始日\\\" <> '' then 'start'"], "解約理由"),
        (
            "shop_events_end",
            ["reason: 解約理由", "where: \"\\\"解約日\\\" <> ''\"", "'contract-' || \\\"契約番号\\\""],
            "月額",
        ),
    ] {
        let text = of(&yaml, source);
        has.iter().for_each(|line| assert!(text.contains(line), "{line} of {text}"));
        assert!(!text.lines().any(|line| line.contains(lacks) && !line.trim_start().starts_with('#')), "{text}");
        assert!(text.contains("account_id: 契約番号") && !text.contains("are left out?"), "{text}");
    }
}

/// A last day that every row has is planned. One that some have is an end.
#[test]
fn a_validity_that_every_contract_has_is_no_end() {
    let of = |last: &str| {
        let text = format!(
            "契約番号,会員番号,契約開始日,契約終了日,月額\nK1,M1,2024-04-01,2027-03-31,1980\nK2,M2,2024-05-01,{last},980\n"
        );
        events("shop/contracts.csv", &text).0
    };
    assert_eq!(of("2026-04-30"), ["shop_events contract  契約開始日"]);
    assert_eq!(of(""), ["shop_events contract start 契約開始日", "shop_events_end contract end 契約終了日"]);
}

/// Rows that say what happened are a log, whatever other days they have.
#[test]
fn a_log_is_one_source() {
    let text = "履歴番号,契約番号,会員番号,区分,処理日時,契約開始日,解約日,月額\n\
        1,K1,M1,開始,2024-04-01 10:00:00,2024-04-01,,1980\n2,K1,M1,解約,2025-04-01 10:00:00,2024-04-01,2025-04-30,1980\n";
    assert_eq!(events("shop/log.csv", text).0, ["shop_events contract  処理日時"]);
}

/// A list of a mail tool knows its readers by their address: they are records, and what was sent to them is theirs.
#[test]
fn a_mail_with_all_its_times_in_one_row_is_an_event_for_each() {
    let text = "メールアドレス,配信名,配信日時,開封日時,クリック日時,配信停止日時,エラー内容\n\
        naoki.tamura.k31@n-mail.test,夏のご案内,2026-01-05 10:00:00,2026-01-05 12:00:00,2026-01-05 12:01:00,,\n\
        chihiro_okm7@i-mail.test,夏のご案内,2026-01-05 10:00:00,,,,\n\
        naoki.tamura.k31@n-mail.test,秋のご案内,2026-02-05 10:00:00,2026-02-06 09:00:00,,2026-02-06 09:01:00,\n\
        no.mail@x-mail.test,秋のご案内,,,,,550 User unknown\n";
    let (sources, yaml) = events("mail/result.csv", text);
    let expected = [
        "mail_events message sent 配信日時",
        "mail_events_opened message opened 開封日時",
        "mail_events_clicked message clicked クリック日時",
        "mail_events_unsubscribed message unsubscribed 配信停止日時",
    ];
    assert_eq!(sources, expected);
    let opened = of(&yaml, "mail_events_opened");
    for line in ["record_id: メールアドレス", "campaign: 配信名", "transaction_id: { join: [配信名, メールアドレス] }"]
    {
        assert!(opened.contains(line), "{line} of {opened}");
    }
    let people = of(&yaml, "mail_people");
    assert!(people.contains("holds: people") && people.contains("email: メールアドレス"), "{people}");
}

/// A mailing goes to many: its number alone is no send.
#[test]
fn a_send_is_one_message_to_one_person() {
    let log = |header: &str, rows: &str| {
        let yaml = events("mail/log.csv", &csv(&format!("{header}\n{rows}"))).1;
        let line = yaml.lines().find(|line| line.trim_start().starts_with("transaction_id:")).unwrap_or_default();
        line.trim().split("  #").next().unwrap_or_default().to_owned()
    };
    let shared = log(
        "配信ID,会員番号,反応,反応日時",
        "D1,M1,配信,2026-01-05 10:00:00\nD1,M2,配信,2026-01-05 10:00:00\nD1,M1,開封,2026-01-05 11:00:00",
    );
    assert_eq!(shared, "transaction_id: { join: [配信ID, 会員番号] }");
    let own = log(
        "配信番号,枝番,会員番号,反応,反応日時",
        "D1,1,M1,配信,2026-01-05 10:00:00\nD2,1,M2,配信,2026-01-05 10:00:00\nD1,2,M1,開封,2026-01-05 11:00:00",
    );
    assert_eq!(own, "transaction_id: 配信番号");
    let none = log(
        "配信名,会員番号,反応,反応日時",
        "夏,M1,配信,2026-01-05 10:00:00\n夏,M2,配信,2026-01-05 10:00:00\n夏,M1,開封,2026-01-05 11:00:00",
    );
    assert_eq!(none, "transaction_id: { join: [配信名, 会員番号] }");
}

/// Exports of the web: who came, when they said who they are, by which medium. Members are those of the shop.
#[test]
fn web_exports_are_visits_of_the_shops_members() {
    let members = "会員番号,氏名,電話番号\nM000000001,田村 直樹,090-5550-7711\nM000000002,岡本 千尋,080-5550-7722\n";
    let ga4 = "event_date,event_timestamp,event_name,user_pseudo_id,user_id,event_params_ga_session_id,event_params_page_location,collected_traffic_source_manual_medium\n\
        20260105,1767575472000000,session_start,11.22,,1767575472,https://shop.test/,cpc\n\
        20260105,1767575482000000,login,11.22,M000000001,1767575472,https://shop.test/,\n\
        20260106,1767675472000000,add_to_cart,33.44,M000000002,1767675472,https://shop.test/,email\n";
    let tracks = "id,anonymous_id,user_id,event,event_text,timestamp,original_timestamp,sent_at,received_at,uuid_ts,context_campaign_medium\n\
        m1,a1,,product_viewed,Product Viewed,2026-01-05 01:11:12.000,2026-01-05 01:11:12,2026-01-05 01:11:12,2026-01-05 01:11:13,2026-01-05 01:11:14,cpc\n\
        m2,a1,M000000001,signed_in,Signed In,2026-01-05 01:12:12.000,2026-01-05 01:11:12,2026-01-05 01:11:12,2026-01-05 01:11:13,2026-01-05 01:11:14,\n";
    let check = |name: &str, text: &str, lines: &[&str]| {
        let drafted = draft(&[whole("shop/members.csv", members.as_bytes()), whole(name, text.as_bytes())]);
        let yaml = pipeline_yaml(&drafted, &Answers::default(), &Layout::default());
        let web = of(&yaml, "shop_events");
        for line in lines.iter().chain(&["channel: shop", "event_type: web_visit"]) {
            assert!(web.contains(line), "{line} of {web}");
        }
    };
    check(
        "web/events.csv",
        ga4,
        &[
            "record_id: user_id",
            "visitor_id: user_pseudo_id",
            "transaction_id: { join: [user_pseudo_id, event_params_ga_session_id] }",
            "medium: collected_traffic_source_manual_medium",
            "session_start: visit",
            "login: login",
            "add_to_cart: cart",
        ],
    );
    check(
        "web/tracks.csv",
        tracks,
        &[
            "record_id: user_id",
            "visitor_id: anonymous_id",
            "occurred_at: timestamp",
            "time_zone: UTC",
            "medium: context_campaign_medium",
            "product_viewed: view",
            "signed_in: login",
            "interval '9 hours' as date)",
        ],
    );
}

/// A list of members that says when they left says it twice: of people, and as an event that ends consent.
#[test]
fn members_who_left_are_memberships_that_ended() {
    let text = "会員番号,氏名,電話番号,入会日,退会日,退会理由\nM1,田村 直樹,090-5550-7711,2024-04-01,,\nM2,岡本 千尋,080-5550-7722,2024-05-01,2025-06-30,引越し\n";
    let (sources, yaml) = events("shop/members.csv", text);
    let expected =
        ["shop_memberships membership joined 入会日", "shop_memberships_withdrawn membership withdrawn 退会日"];
    assert_eq!(sources, expected);
    assert!(of(&yaml, "shop_people").contains("registered_at: 入会日"), "{yaml}");
    assert!(of(&yaml, "shop_memberships_withdrawn").contains("'membership-' || \\\"会員番号\\\""), "{yaml}");
    // Who only joined is no event: the record says it.
    let text = "会員番号,氏名,電話番号,入会日\nM1,田村 直樹,090-5550-7711,2024-04-01\n";
    assert_eq!(events("shop/members.csv", text).0, Vec::<String>::new());
}
