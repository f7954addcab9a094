//! Facts and what they name: what customers did, and the tables of products, stores and media that sources fill.
//!
//! In: nothing. Out: the contracts. A fact has few of the columns that there are; those that no source maps are null, and cost nothing.

use super::{Column, Table, Type, col, optional, required};

/// The order of the rows of [`INTERACTION`]: what a customer did lies together, in order of time, so that analyses per customer go
/// through it once; facts whose customer is not known come last.
pub(crate) const INTERACTION_ORDER: [&str; 4] = [col::CUSTOMER_ID, col::OCCURRED_AT, col::CHANNEL, col::EVENT_ID];

/// What a fact may say beside when, where, what and how much: attributes of the pipeline file with the same names.
const MORE: [Column; 21] = [
    optional(
        col::STATUS,
        Type::Text,
        "状態（注文: confirmed, cancelled, provisional, returned。NULLは確定。会員: ランク）",
        "of an order: confirmed, cancelled, provisional, returned; null is confirmed; of a membership the rank",
    )
    .plain(),
    optional(col::DISCOUNT, Type::Amount, "値引き額（円、正の数）", "yen taken off this line, positive").plain(),
    optional(col::COUPON_ID, Type::Text, "発行・利用したクーポン", "coupon that was issued or used").keyed(),
    optional(
        col::POINTS_USED,
        Type::Amount,
        "支払いに使ったポイント（円、正の数）",
        "points that were used as money, in yen, positive",
    )
    .plain(),
    optional(
        col::SHIPPING_CHARGED,
        Type::Amount,
        "顧客が払った送料（円、注文の一行に）",
        "yen that the customer paid for shipping, on one line of an order",
    )
    .plain(),
    optional(
        col::SHIPPING_COST,
        Type::Amount,
        "店が負担した送料（円、注文の一行に）",
        "yen that the shop bore for shipping, on one line of an order",
    )
    .plain(),
    optional(col::TAX, Type::Amount, "金額に含まれる消費税（円）", "consumption tax in yen, contained in `amount`")
        .plain(),
    optional(
        col::RECEIPT_ID,
        Type::Text,
        "注文とポイントカードの利用に共通の伝票番号",
        "receipt key that an order and a sale on a point card share",
    )
    .keyed(),
    optional(
        col::MEDIUM,
        Type::Text,
        "媒体（注文・来訪の媒体、メッセージの手段）",
        "medium of an order or a visit; of a message its way",
    )
    .plain(),
    optional(col::CAMPAIGN, Type::Text, "施策", "campaign").plain(),
    optional(col::ARM, Type::Text, "テストの群", "arm of a test, such as treatment or control").plain(),
    optional(col::VISITOR_ID, Type::Text, "Web訪問者ID（Cookie）", "visitor of a site, by cookie").keyed(),
    optional(
        col::ACCOUNT_ID,
        Type::Text,
        "ポイント・コインの口座、契約番号",
        "account of points or coins; id of a contract",
    )
    .keyed(),
    optional(col::CORPORATE_NUMBER, Type::Text, "法人番号", "corporate number").keyed(),
    optional(
        col::VALID_UNTIL,
        Type::Timestamp,
        "有効期限（ポイント）、契約の終わり",
        "until when points are valid; end of a contract",
    )
    .plain(),
    optional(col::BOUGHT_ON, Type::Date, "購入日（製品登録）", "day of purchase, of a product's registration").plain(),
    optional(col::SERIAL_NUMBER, Type::Text, "製造番号", "serial number").keyed(),
    optional(col::STAFF, Type::Text, "担当者", "who was in charge"),
    optional(col::SCORE, Type::Double, "評点（NPSは0から10）", "answer on a scale, such as NPS from 0 to 10").plain(),
    optional(col::REASON, Type::Text, "理由（解約・退会）", "reason, such as that of a cancellation").plain(),
    optional(
        col::RECIPIENT,
        Type::Text,
        "届け先が購入者でない場合の届け先（チャネルの顧客番号、または届け先番号）",
        "whom an order goes to, where that is not the buyer: a record of the channel, or a key of the shop",
    )
    .keyed(),
];

/// Columns and those that a fact may have beside them.
pub(super) const fn with_more<const N: usize>(head: &[Column]) -> [Column; N] {
    let mut all = [MORE[0]; N];
    let mut n = 0;
    while n < N {
        all[n] = if n < head.len() { head[n] } else { MORE[n - head.len()] };
        n += 1;
    }
    all
}

const INTERACTION_COLUMNS: [Column; 37] = with_more(&[
        required(col::CHANNEL, Type::Text, "チャネル", "channel").plain(),
        required(col::EVENT_ID, Type::Text, "明細番号", "id within the channel").keyed(),
        optional(
            col::CUSTOMER_ID,
            Type::Text,
            "統合顧客ID（顧客が分からなければNULL）",
            "unified customer id; null where the record is unknown",
        )
        .keyed(),
        optional(col::RECORD_ID, Type::Text, "チャネル内の顧客番号", "record it belongs to"),
        required(col::EVENT_TYPE, Type::Text, "種別", "kind of fact").plain(),
        optional(col::OCCURRED_AT, Type::Timestamp, "発生日時", "when it happened").plain(),
        optional(col::TRANSACTION_ID, Type::Text, "取引番号", "transaction").keyed(),
        optional(col::STORE_ID, Type::Text, "店舗", "store").plain(),
        optional(col::ITEM_ID, Type::Text, "商品コード", "item").plain(),
        optional(col::ITEM_NAME, Type::Text, "商品名", "item name").plain(),
        optional(col::QUANTITY, Type::Double, "数量", "quantity").plain(),
        optional(col::UNIT_PRICE, Type::Amount, "単価（円）", "unit price in yen").plain(),
        optional(col::AMOUNT, Type::Amount, "金額（円）", "amount in yen").plain(),
        optional(col::CATEGORY, Type::Text, "分類", "category").plain(),
        optional(col::DETAIL, Type::Text, "内容", "text"),
        optional(
            col::OCCURRED_AT_OFFSET,
            Type::Text,
            "発生日時に書かれていた時差（+09:00など。なければNULLで、ソースの時間帯）",
            "offset from UTC that was written beside the time, such as +09:00; null where none was: the time is of the source's zone",
        )
        .plain(),
]);

/// Something that a customer did or said.
pub(crate) static INTERACTION: Table = Table {
    name: "interaction",
    ja: "接点（注文明細・ポイント・アプリ・問い合わせ・配信・来訪・契約など）",
    en: "an order line, point transaction, app event, ticket, message, visit or contract, with its customer",
    key: &[col::CHANNEL, col::EVENT_ID],
    columns: &INTERACTION_COLUMNS,
};

/// A product that facts name.
pub(crate) static PRODUCT: Table = Table {
    name: "product",
    ja: "商品マスタ（ソースがなければ行なし）",
    en: "a product that facts name; no rows where no source fills it",
    key: &[col::ITEM_ID],
    columns: &[
        required(col::ITEM_ID, Type::Text, "商品コード", "item").plain(),
        optional(col::ITEM_NAME, Type::Text, "商品名", "item name").plain(),
        optional(
            col::CATEGORY_PATH,
            Type::Text,
            "分類（食品>菓子>チョコのように上位から）",
            "category from the widest on, such as 食品>菓子>チョコ",
        )
        .plain(),
        optional(col::COST, Type::Amount, "原価（円、1個）", "what one of it costs the shop, in yen").plain(),
        optional(col::LAUNCHED_ON, Type::Date, "発売日", "since when it is sold").plain(),
        optional(col::ROLE, Type::Text, "役割 (trial, main)", "trial or main").plain(),
    ],
};

/// A store that facts name.
pub(crate) static STORE: Table = Table {
    name: "store",
    ja: "店舗マスタ（ソースがなければ行なし）",
    en: "a store that facts name; no rows where no source fills it",
    key: &[col::STORE_ID],
    columns: &[
        required(col::STORE_ID, Type::Text, "店舗", "store").plain(),
        optional(col::STORE_NAME, Type::Text, "店舗名", "store name").plain(),
        optional(col::PREFECTURE, Type::Text, "都道府県", "prefecture").plain(),
        optional(col::OPENED_ON, Type::Date, "開店日", "since when it is open").plain(),
    ],
};

/// What a medium cost in a month.
pub(crate) static MEDIUM_SPEND: Table = Table {
    name: "medium_spend",
    ja: "媒体の月別費用（ソースがなければ行なし）",
    en: "what was spent on a medium in a month; no rows where no source fills it",
    key: &[col::MEDIUM, col::MONTH],
    columns: &[
        required(col::MEDIUM, Type::Text, "媒体", "medium").plain(),
        required(col::MONTH, Type::Date, "月（その月の1日）", "first day of the month").plain(),
        required(col::AMOUNT, Type::Amount, "費用（円）", "spend in yen").plain(),
    ],
};

/// The tables that sources fill by themselves.
pub(crate) static REFERENCE_TABLES: [&Table; 3] = [&PRODUCT, &STORE, &MEDIUM_SPEND];

#[cfg(test)]
mod tests {
    use nayose_matching::record::attribute::{EVENT_ATTRIBUTES, REFERENCES};

    use super::*;

    #[test]
    fn what_a_source_may_map_is_what_the_contract_has() {
        let names = |columns: &[Column]| columns.iter().map(|c| c.name).collect::<Vec<_>>();
        let of_facts = names(&INTERACTION_COLUMNS);
        assert!(EVENT_ATTRIBUTES.iter().all(|name| of_facts.contains(name)));
        assert_eq!(names(&MORE), EVENT_ATTRIBUTES[EVENT_ATTRIBUTES.len() - MORE.len()..]);
        for (table, reference) in REFERENCE_TABLES.iter().zip(REFERENCES) {
            let needed = table.columns.iter().filter(|c| !c.nullable).map(|c| c.name).collect::<Vec<_>>();
            assert_eq!(
                (table.name, table.key, needed, names(table.columns)),
                (reference.name, reference.key, reference.required.to_vec(), reference.columns.to_vec())
            );
        }
    }
}
