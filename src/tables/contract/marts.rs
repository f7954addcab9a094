//! The first analyses, each made by one `.sql` file of the pipeline folder. A pipeline may add marts of its own.

use super::{Table, Type, col, optional, required};

/// The marts that have a contract.
pub(super) static ALL: &[&Table] = &[&RFM, &DECILE, &LTV, &REPEAT_RATE, &BASKET, &CHANNEL_OVERLAP, &CONTACT_TIMELINE];

/// Recency, frequency, monetary.
pub(crate) static RFM: Table = Table {
    name: "rfm",
    ja: "RFM分析（購入した顧客ごと）",
    en: "recency, frequency, monetary of each buyer",
    key: &[col::CUSTOMER_ID],
    columns: &[
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id").keyed(),
        required("last_purchase_at", Type::Timestamp, "最終購買日時", "time of the last purchase").plain(),
        required("recency_days", Type::Long, "最終購買からの日数", "days since the last purchase").plain(),
        required("frequency", Type::Long, "購買回数（取引数）", "number of transactions").plain(),
        required("monetary", Type::Amount, "購買金額（円）", "amount in yen").plain(),
        required("r", Type::Integer, "Rランク 1–5（5が最良）", "recency rank, 5 is best").plain(),
        required("f", Type::Integer, "Fランク 1–5（5が最良）", "frequency rank, 5 is best").plain(),
        required("m", Type::Integer, "Mランク 1–5（5が最良）", "monetary rank, 5 is best").plain(),
        required("decile", Type::Integer, "デシル 1–10（1が最上位）", "decile by amount, 1 is highest").plain(),
    ],
};

/// Ten equal groups of buyers by amount.
pub(crate) static DECILE: Table = Table {
    name: "decile",
    ja: "デシル分析（購買金額で10等分）",
    en: "ten equal groups of buyers by amount",
    key: &["decile"],
    columns: &[
        required("decile", Type::Integer, "デシル 1–10（1が最上位）", "decile, 1 is highest").plain(),
        required("customers", Type::Long, "顧客数", "customers").plain(),
        required(col::AMOUNT, Type::Amount, "購買金額（円）", "amount in yen").plain(),
        required("average_amount", Type::Double, "一人当たり購買金額（円）", "amount per customer in yen").plain(),
        required("share", Type::Double, "売上構成比 0–1", "share of sales, 0 to 1").plain(),
        required("cumulative_share", Type::Double, "累積売上構成比 0–1", "cumulative share of sales, 0 to 1").plain(),
    ],
};

/// Lifetime value.
pub(crate) static LTV: Table = Table {
    name: "ltv",
    ja: "LTV（平均購買単価×購買頻度×継続購買期間÷（新規獲得コスト＋顧客維持コスト））",
    en: "average purchase × frequency × lifetime ÷ (acquisition cost + retention cost)",
    key: &[col::CUSTOMER_ID],
    columns: &[
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id").keyed(),
        required("average_purchase", Type::Double, "平均購買単価（円）", "amount per transaction in yen").plain(),
        required("purchases_per_year", Type::Double, "購買頻度（回/年）", "transactions a year").plain(),
        required(
            "lifetime_years",
            Type::Double,
            "継続購買期間（年）",
            "years from first to last purchase, at least one",
        )
        .plain(),
        required("gross_value", Type::Double, "購買価値（円）", "product of the three in yen").plain(),
        required("cost", Type::Double, "新規獲得コスト＋顧客維持コスト（円）", "acquisition and retention cost in yen")
            .plain(),
        required("ltv", Type::Double, "LTV（倍）", "gross value by cost").plain(),
    ],
};

/// Repeat rate of items.
pub(crate) static REPEAT_RATE: Table = Table {
    name: "repeat_rate",
    ja: "商品別リピート率",
    en: "share of an item's buyers who bought it twice or more",
    key: &[col::ITEM_ID],
    columns: &[
        required(col::ITEM_ID, Type::Text, "商品コード", "item").plain(),
        optional(col::ITEM_NAME, Type::Text, "商品名", "item name").plain(),
        required("buyers", Type::Long, "購入者数", "buyers").plain(),
        required("repeaters", Type::Long, "2回以上の購入者数", "buyers with two or more purchases").plain(),
        required("repeat_rate", Type::Double, "リピート率 0–1", "repeaters by buyers, 0 to 1").plain(),
    ],
};

/// Association rules between two items.
pub(super) static BASKET: Table = Table {
    name: "basket",
    ja: "併売分析（支持度・信頼度・リフト値）",
    en: "items bought together: support, confidence, lift",
    key: &["item_a", "item_b"],
    columns: &[
        required("item_a", Type::Text, "商品A", "item bought").plain(),
        required("item_b", Type::Text, "商品B", "item bought with it").plain(),
        optional("item_name_a", Type::Text, "商品名A", "name of item A").plain(),
        optional("item_name_b", Type::Text, "商品名B", "name of item B").plain(),
        required("transactions", Type::Long, "AとBを含む取引数", "transactions with both").plain(),
        required("support", Type::Double, "支持度 0–1", "share of transactions with both").plain(),
        required("confidence", Type::Double, "信頼度 0–1", "share of A's transactions that have B").plain(),
        required("lift", Type::Double, "リフト値", "confidence by the share of B").plain(),
    ],
};

/// Customers by their set of channels.
pub(super) static CHANNEL_OVERLAP: Table = Table {
    name: "channel_overlap",
    ja: "チャネル併用（顧客のチャネルの組ごと）",
    en: "customers by set of channels",
    key: &[col::CHANNELS],
    columns: &[
        required(col::CHANNELS, Type::Text, "チャネルの組（+区切り）", "channels, joined by +").plain(),
        required("customers", Type::Long, "顧客数", "customers").plain(),
        required("share", Type::Double, "構成比 0–1", "share of customers, 0 to 1").plain(),
        required("buyers", Type::Long, "購入者数", "customers with a purchase").plain(),
        required(col::AMOUNT, Type::Amount, "購買金額（円）", "amount in yen").plain(),
    ],
};

/// What a customer did, in order of time.
pub(super) static CONTACT_TIMELINE: Table = Table {
    name: "contact_timeline",
    ja: "顧客の接点の時系列",
    en: "what, which channel, when, which complaint, per customer",
    key: &[col::CUSTOMER_ID, "position"],
    columns: &[
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id").keyed(),
        required("position", Type::Long, "順番（1から）", "place in the customer's timeline, from 1").plain(),
        optional(col::OCCURRED_AT, Type::Timestamp, "発生日時", "when it happened").plain(),
        required(col::CHANNEL, Type::Text, "チャネル", "channel").plain(),
        required(col::EVENT_ID, Type::Text, "明細番号", "id within the channel").keyed(),
        required(col::EVENT_TYPE, Type::Text, "種別", "kind of fact").plain(),
        optional(col::CATEGORY, Type::Text, "分類（クレーム等）", "category, such as a complaint").plain(),
        optional(col::ITEM_NAME, Type::Text, "商品名", "item name").plain(),
        optional(col::AMOUNT, Type::Amount, "金額（円）", "amount in yen").plain(),
        optional(col::DETAIL, Type::Text, "内容", "text"),
    ],
};
