//! What several files are together: sources, channels, id spaces and questions.

use std::collections::BTreeSet;

use nayose_matching::record::attribute::{EVENT_ATTRIBUTES, PERSON_ATTRIBUTES};

use nayose_draft::{ClosedSet, Draft, Holds, Party, QuestionKind, columns, columns_without_presets, draft};

use crate::{FILES, file, whole};

fn all() -> Draft {
    draft(&FILES.iter().map(|(name, _)| file(name)).collect::<Vec<_>>())
}

/// Name, channel, ids, event ids and time of each source.
fn summary(draft: &Draft) -> Vec<String> {
    let source = |s: &nayose_draft::SourceDraft| {
        let holds = if s.holds == Holds::People { "people" } else { "events" };
        let times = if s.holds == Holds::People { Vec::from_iter(s.updated_at.clone()) } else { s.occurred_at.clone() };
        format!(
            "{} {} {holds} [{}] [{}] [{}]",
            s.name,
            s.channel,
            s.record_id.join(", "),
            s.event_id.join(", "),
            times.join(", ")
        )
    };
    draft.sources.iter().map(source).collect()
}

#[test]
fn the_documented_exports_together_are_these_sources() {
    let expected = "\
        ec_people ec people [会員ID] [] [更新日]
        ec_buyers ec_order people [注文ID] [] [受注日]
        ec_recipients ec_ship people [注文ID] [] [受注日]
        ec_events ec_order events [注文ID] [注文詳細ID] [受注日]
        rakuten_buyers rakuten people [注文番号] [] [注文日時]
        rakuten_recipients rakuten_ship people [注文番号] [] [注文日時]
        rakuten_events rakuten events [注文番号] [商品明細ID] [注文日時]
        salesforce_people salesforce people [ID] [] [SYSTEMMODSTAMP]
        shopify_people shopify people [Customer ID] [] []
        shopify_buyers shopify_order people [Name] [] [Created at]
        shopify_recipients shopify_ship people [Name] [] [Created at]
        shopify_events shopify_order events [Name] [Name, Lineitem sku] [Created at]
        smaregi_people smaregi people [会員ID] [] [最終来店日時]
        smaregi_memberships smaregi events [会員ID] [会員ID] [入会日]
        smaregi_memberships_withdrawn smaregi events [会員ID] [会員ID] [退会日]
        smaregi_people_2 smaregi people [customerId] [] [updDateTime]
        square_people square people [Square Customer ID] [] [Last Visit]
        square_events square events [Customer ID] [Transaction ID, SKU] [Date, Time]
        yahoo_events yahoo events [OrderId] [OrderId, LineId] []
        yahoo_buyers yahoo people [OrderId] [] [OrderTime]
        yahoo_recipients yahoo_ship people [OrderId] [] [OrderTime]
        zendesk_events zendesk events [requester_id] [id] [created_at]
        zendesk_people zendesk people [id] [] [updated_at]";
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(summary(&all()), expected);
}

#[test]
fn what_a_naive_reader_breaks_on_is_in_the_draft() {
    let draft = all();
    let source = |name: &str| draft.sources.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no {name}"));
    let columns_of = |name: &str, attribute: &str| {
        let found = source(name).columns.iter().find(|m| m.attribute == attribute);
        found.map(|m| (m.columns.join(" "), m.join)).unwrap_or_default()
    };
    let phone = "注文者電話番号1 注文者電話番号2 注文者電話番号3".to_owned();
    assert_eq!(columns_of("rakuten_buyers", "phone"), (phone, true));
    assert_eq!(columns_of("salesforce_people", "phone"), ("PHONE MOBILEPHONE HOMEPHONE".to_owned(), false));
    // The street stands before the city in the file, and after it in an address.
    assert_eq!(columns_of("salesforce_people", "address").0, "MAILINGSTATE MAILINGCITY MAILINGSTREET");
    // Guests and members of one shop: the number of the member leads from the order to the member.
    assert_eq!(columns_of("ec_buyers", "ec_member").0, "会員ID");
    assert_eq!(columns_of("ec_people", "ec_member").0, "会員ID");
    // A member code of the till in a field of the support desk.
    assert_eq!(columns_of("zendesk_people", "smaregi_member").0, "user_fields.member_code");
    assert_eq!(columns_of("smaregi_people", "smaregi_member").0, "会員コード");
    assert_eq!(source("ec_events").amount.as_deref(), Some("\"価格\" * \"個数\""));
    assert!(source("shopify_events").equal_rows_are_two && !source("ec_events").equal_rows_are_two);
    assert!(source("shopify_events").fill_down.contains(&"Billing Name".to_owned()));
    assert!(!source("shopify_events").fill_down.contains(&"Email".to_owned()));
    let orders = Some(("yahoo_order.csv".to_owned(), None, "OrderId".to_owned()));
    assert_eq!(source("yahoo_events").join, orders);
    let consent = &source("salesforce_people").consent[0];
    assert_eq!((consent.contact, consent.column.as_str(), consent.refuses), ("email", "HASOPTEDOUTOFEMAIL", true));
    let space = |column: &str| draft.id_spaces.iter().find(|s| s.column == column).map(|s| s.id.as_str());
    assert_eq!(space("requester_id"), Some("id"));
    assert_eq!(space("Customer ID"), Some("Square Customer ID"));
}

#[test]
fn only_the_owner_is_asked_what_only_the_owner_knows() {
    let draft = all();
    let asked = |file: &str, kind: QuestionKind| {
        let found = draft.questions.iter().find(|q| q.file == file && q.kind == kind)?;
        let values = found.values.iter().map(|v| format!("{}={}", v.value, v.rows)).collect::<Vec<_>>();
        Some((found.columns.join(" "), values.join(" ")))
    };
    let is = |columns: &str, values: &str| Some((columns.to_owned(), values.to_owned()));
    use QuestionKind::{Consent, Recipient, SexCodes, StatusRows, TimeZone};
    let status = is("会員ステータス(名称)", "本会員=7 仮会員=1 退会=1");
    assert_eq!(asked("ec-cube_customer.csv", StatusRows), status);
    assert_eq!(
        asked("square_customers.csv", Consent),
        is("Email Subscription Status", "subscribed=3 unknown=2 unsubscribed=1")
    );
    assert_eq!(asked("smaregi_customers_api.json", SexCodes), is("sex", "1=4 2=2 0=1"));
    // 男 and 女 need no question.
    assert_eq!(asked("rakuten_rakuten_pay_orders.csv", SexCodes), None);
    assert_eq!(asked("ec-cube_customer.csv", TimeZone), is("登録日 更新日", ""));
    assert_eq!(asked("salesforce_contact.csv", TimeZone), None);
    assert_eq!(asked("shopify_orders_export.csv", TimeZone), None);
    assert!(asked("yahoo_order.csv", Recipient).is_some() && asked("square_items.csv", Recipient).is_none());
}

/// Every value of a person in the files.
pub(crate) fn personal() -> BTreeSet<String> {
    let mut personal = BTreeSet::new();
    for (name, bytes) in FILES {
        for table in columns(&file(name)) {
            let persons = |c: &&nayose_draft::Column| {
                let closed = c.meaning.kind.as_str() == "sex";
                c.meaning.kind.is_person_attribute() && !closed || c.meaning.party == Party::Recipient
            };
            let names: BTreeSet<String> = table.columns.iter().filter(persons).map(|c| c.name.clone()).collect();
            values_of(name, bytes, &names, &mut personal);
        }
    }
    personal
}

/// The values of one column of a file.
pub(crate) fn values_of_column(name: &str, column: &str, out: &mut BTreeSet<String>) {
    let bytes = FILES.iter().find(|(known, _)| *known == name).expect("a file").1;
    values_of(name, bytes, &BTreeSet::from([column.to_owned()]), out);
}

#[test]
fn no_value_of_a_person_is_told() {
    let personal = personal();
    assert!(personal.len() > 150, "{}", personal.len());
    let mut told = serde_json::to_string(&all()).expect("plain data");
    for (name, _) in FILES {
        told.push_str(&serde_json::to_string(&columns_without_presets(&file(name))).expect("plain data"));
    }
    let shown: Vec<&String> = personal.iter().filter(|value| told.contains(value.as_str())).collect();
    assert!(shown.is_empty(), "{shown:?}");
}

/// The values of some columns of a file, read without the crate.
fn values_of(name: &str, bytes: &[u8], columns: &BTreeSet<String>, out: &mut BTreeSet<String>) {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::SHIFT_JIS.decode(bytes).0.into_owned(),
    };
    // One letter stands in many words, and the parts of a number (700 of 700-0901) in other numbers.
    let mut keep = |value: &str| {
        let short = if value.bytes().all(|b| b.is_ascii_digit()) { 4 } else { 1 };
        if value.chars().count() > short {
            out.insert(value.to_owned());
        }
    };
    if name.ends_with(".json") {
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let rows = json.as_array().or_else(|| json["users"].as_array()).expect("rows");
        for row in rows {
            columns.iter().filter_map(|c| row[c.as_str()].as_str()).for_each(&mut keep);
        }
        return;
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    for record in reader.records() {
        let record = record.expect("a row");
        let cells = header.iter().zip(&record).filter(|(column, _)| columns.contains(*column));
        cells.for_each(|(_, value)| keep(value));
    }
}

#[test]
fn wrong_ids_and_damaged_values_are_told() {
    let one_id = "会員ID,氏名,メールアドレス,電話番号\n1,田村 直樹,naoki.tamura.k31@n-mail.test,9.02842E+09\n\
        1,岡本 千尋,chihiro_okm7@i-mail.test,080-5550-7722\n2,小川 誠,ogawa.m.2212@y-mail.test,052-555-7733\n";
    let draft = draft(&[whole("shop/members.csv", one_id.as_bytes())]);
    let told = |text: &str| draft.warnings.iter().any(|(_, warning)| warning.contains(text));
    assert!(told("different people") && told("damaged beyond repair"), "{:?}", draft.warnings);
    assert_eq!(draft.sources[0].channel, "shop");
}

/// Columns of which the shop chose some, in another order, with one of its own.
#[test]
fn a_part_of_an_export_is_known_too() {
    let text = "お名前(セイ),お名前(メイ),会員ID,メールアドレス,登録日,店舗メモ\nタムラ,ナオキ,1,naoki.tamura.k31@n-mail.test,2024-01-01 00:00:00,\n";
    let tables = columns(&whole("c.csv", text.as_bytes()));
    assert_eq!(tables[0].preset, Some("ec-cube.members"));
    // A header of usual words is nobody's.
    let text = "First Name,Last Name,Email,Phone\n直樹,田村,naoki.tamura.k31@n-mail.test,090-5550-7711\n";
    assert_eq!(columns(&whole("c.csv", text.as_bytes()))[0].preset, None);
}
/// A ticket is a record of whoever wrote it: some writers have no number of a member.
#[test]
fn people_of_events_are_known_by_what_every_row_has() {
    let tickets = "受付番号,受付日時,お名前,メールアドレス,会員番号,区分,内容\n\
        T1,2026-01-05 10:11,田村 直樹,naoki.tamura.k31@n-mail.test,M0001,配送,届かない\n\
        T2,2026-01-06 21:00,岡本 千尋,chihiro_okm7@i-mail.test,,返品,色が違う\n";
    let visits = "messageId,anonymousId,userId,type,timestamp\nm1,a1,,page,2026-01-05T10:11:12Z\nm2,a1,U1,page,2026-01-05T10:12:12Z\n";
    let draft = draft(&[whole("support.csv", tickets.as_bytes()), whole("web.csv", visits.as_bytes())]);
    let expected = [
        "support_buyers support people [受付番号] [] [受付日時]",
        "support_events support events [受付番号] [受付番号] [受付日時]",
        "web_events web events [userId] [messageId] [timestamp]",
    ];
    assert_eq!(summary(&draft), expected);
    let member = draft.sources[0].columns.iter().find(|m| m.attribute == "support_member");
    assert_eq!(member.map(|m| m.columns.join(" ")).as_deref(), Some("会員番号"));
}

#[test]
fn attributes_are_those_of_a_pipeline_file() {
    for source in all().sources {
        for mapping in &source.columns {
            let name = mapping.attribute.as_str();
            let known = if source.holds == Holds::People {
                PERSON_ATTRIBUTES.contains(&name)
            } else {
                EVENT_ATTRIBUTES.contains(&name)
            };
            assert!(known != mapping.is_identifier(), "{}: {name}", source.name);
        }
    }
    for table in columns(&file("ec-cube_order.csv")) {
        for column in table.columns {
            let kind = column.meaning.kind;
            assert_eq!(kind.is_person_attribute(), PERSON_ATTRIBUTES.contains(&kind.as_str()), "{kind:?}");
            // The status of an order is one of four words: a draft cannot tell which of a shop's own means which.
            let is_event = EVENT_ATTRIBUTES.contains(&kind.as_str()) && kind.as_str() != "status";
            assert_eq!(kind.is_event_attribute(), is_event, "{kind:?}");
        }
    }
}

#[test]
fn a_set_with_a_value_of_a_person_is_not_closed() {
    let counted = |values: &[&str]| {
        let mut set = ClosedSet::default();
        values.iter().for_each(|value| set.add(value));
        set.values()
            .map(|values| values.iter().map(|v| format!("{}={}", v.value, v.rows)).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(counted(&["希望する", "希望しない", "希望する", ""]).as_deref(), Some("希望する=2 =1 希望しない=1"));
    assert_eq!(counted(&["0", "1", "9", "1"]).as_deref(), Some("1=2 0=1 9=1"));
    for personal in
        ["田村 直樹", "090-5550-7711", "naoki@n-mail.test", "1975/04/02", "新宿区新宿3-1-13", "タムラ ナオキ", "佐々木"]
    {
        assert_eq!(counted(&["希望する", personal]), None, "{personal}");
    }
    let many: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    assert_eq!(counted(&many.iter().map(String::as_str).collect::<Vec<_>>()), None);
}
