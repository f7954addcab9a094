//! Tables between the stages. They live under the run's work folder as plain Parquet and are not published.

use super::facts::with_more;
use super::{Column, GOLDEN_CUSTOMER, SOURCE_RECORD, Table, Type, col, optional, required};

/// A named value of an attribute that the pipeline file declares.
pub(crate) const NAMED_VALUE: Type = Type::Struct(&[(col::NAME, Type::Text), (col::VALUE, Type::Text)]);

/// A source row of a person, its columns mapped onto attributes, values as they came.
pub(crate) static RAW_RECORD: Table = Table {
    name: "raw_record",
    ja: "取り込んだままの顧客行",
    en: "a person row as it came",
    key: &[col::CHANNEL, col::RECORD_ID, col::FILE, col::LINE],
    columns: RAW_RECORD_COLUMNS,
};

const RAW_RECORD_COLUMNS: &[Column] = &[
    required(col::SOURCE, Type::Text, "ソース名", "source of the pipeline file"),
    required(col::CHANNEL, Type::Text, "チャネル", "channel"),
    optional(col::RECORD_ID, Type::Text, "チャネル内の顧客番号", "id within the channel"),
    required(col::FILE, Type::Text, "ファイル", "file"),
    required(col::LINE, Type::Long, "行番号", "line"),
    optional(col::REJECT_REASON, Type::Text, "読めない理由", "why the row could not be read"),
    optional(col::REJECT_RAW, Type::Text, "元の行", "the row as it stood"),
    optional(col::OBSERVED_AT, Type::Timestamp, "更新日時", "when these values were valid"),
    optional(col::REGISTERED_AT, Type::Timestamp, "登録日時", "when the record was made"),
    optional(col::NAME, Type::Text, "氏名", "whole name"),
    optional(col::KANA, Type::Text, "フリガナ", "whole name in kana"),
    optional(col::FAMILY_NAME, Type::Text, "姓", "family name"),
    optional(col::GIVEN_NAME, Type::Text, "名", "given name"),
    optional(col::FAMILY_KANA, Type::Text, "姓カナ", "family name in kana"),
    optional(col::GIVEN_KANA, Type::Text, "名カナ", "given name in kana"),
    optional(col::BIRTH_DATE, Type::Text, "生年月日", "birth date"),
    optional(col::SEX, Type::Text, "性別", "sex"),
    optional(col::PHONE, Type::List(&Type::Text), "電話番号", "phones"),
    optional(col::EMAIL, Type::List(&Type::Text), "メール", "mail addresses"),
    optional(col::POSTAL_CODE, Type::Text, "郵便番号", "postal code"),
    optional(col::ADDRESS, Type::Text, "住所", "address"),
    optional(col::EXTRA, Type::List(&NAMED_VALUE), "その他の属性", "declared attributes"),
    optional(col::CONSENT, Type::List(&STATEMENT), "同意の意思表示", "statements of consent"),
];

/// What a row says about a consent; no status where it says nothing.
pub(crate) const STATEMENT: Type = Type::Struct(&[
    (col::PURPOSE, Type::Text),
    (col::CONTACT, Type::Text),
    (col::STATUS, Type::Text),
    (col::STATED_AT, Type::Timestamp),
]);

const STANDARD_RECORD_COLUMNS: [Column; 33] = {
    let row = required(col::ROW, Type::Long, "並び順", "place in the table, from 0");
    let mut all = [row; 33];
    let mut i = 0;
    while i < SOURCE_RECORD.columns.len() {
        all[i + 1] = SOURCE_RECORD.columns[i];
        i += 1;
    }
    all[29] =
        optional(col::CONFLICTS, Type::List(&PLACE), "矛盾する版", "rows that contradict another row of the same time");
    all[30] = optional(
        col::OF_OTHERS,
        Type::List(&PLACE),
        "この番号を以前に持っていた人の行",
        "rows of somebody who had the number before",
    );
    all[31] = optional(
        col::HOLDER_SINCE,
        Type::Timestamp,
        "いまの人がこの番号を持った日時",
        "since when the number is this person's, where somebody had it before",
    );
    all[32] = optional(
        col::FEATURES,
        Type::List(&Type::List(&Type::Text)),
        "特徴",
        "values by feature, in the model's order",
    );
    all
};

/// A file and a line.
pub(crate) const PLACE: Type = Type::Struct(&[(col::FILE, Type::Text), (col::LINE, Type::Long)]);

/// A standardized record with what the model compares.
pub(crate) static STANDARD_RECORD: Table = Table {
    name: "standard_record",
    ja: "正規化済みレコードと特徴",
    en: "a standardized record with its features",
    key: &[col::CHANNEL, col::RECORD_ID],
    columns: &STANDARD_RECORD_COLUMNS,
};

/// A source row of a fact, its columns mapped onto attributes.
pub(crate) static RAW_EVENT: Table = Table {
    name: "raw_event",
    ja: "取り込んだままの明細行",
    en: "a fact row as it came",
    key: &[col::CHANNEL, col::EVENT_ID, col::FILE, col::LINE],
    columns: &RAW_EVENT_COLUMNS,
};

const RAW_EVENT_COLUMNS: [Column; 41] = with_more(&[
    required(col::SOURCE, Type::Text, "ソース名", "source of the pipeline file"),
    required(col::CHANNEL, Type::Text, "チャネル", "channel"),
    optional(col::EVENT_ID, Type::Text, "明細番号", "id within the channel"),
    required(col::FILE, Type::Text, "ファイル", "file"),
    required(col::LINE, Type::Long, "行番号", "line"),
    optional(col::REJECT_REASON, Type::Text, "読めない理由", "why the row could not be read"),
    optional(col::REJECT_RAW, Type::Text, "元の行", "the row as it stood"),
    optional(col::RECORD_ID, Type::Text, "顧客番号", "record that the fact belongs to"),
    required(col::EVENT_TYPE, Type::Text, "種別", "kind of fact"),
    optional(col::OCCURRED_AT, Type::Timestamp, "発生日時", "when it happened"),
    optional(col::TRANSACTION_ID, Type::Text, "取引番号", "transaction"),
    optional(col::STORE_ID, Type::Text, "店舗", "store"),
    optional(col::ITEM_ID, Type::Text, "商品コード", "item"),
    optional(col::ITEM_NAME, Type::Text, "商品名", "item name"),
    optional(col::QUANTITY, Type::Double, "数量", "quantity"),
    optional(col::UNIT_PRICE, Type::Amount, "単価", "unit price in yen"),
    optional(col::AMOUNT, Type::Amount, "金額", "amount in yen"),
    optional(col::CATEGORY, Type::Text, "分類", "category"),
    optional(col::DETAIL, Type::Text, "内容", "text"),
    optional(col::OCCURRED_AT_OFFSET, Type::Text, "書かれていた時差", "offset that was written beside the time"),
]);

/// A source row of a table that facts name, its columns mapped; those of other tables are null. `table_name` says which table it is of.
pub(crate) static RAW_REFERENCE: Table = Table {
    name: "raw_reference",
    ja: "取り込んだままのマスタ行",
    en: "a row of a reference as it came",
    key: &[col::TABLE_NAME, col::FILE, col::LINE],
    columns: &[
        required(col::SOURCE, Type::Text, "ソース名", "source of the pipeline file"),
        required(col::TABLE_NAME, Type::Text, "表", "table that it is of"),
        required(col::FILE, Type::Text, "ファイル", "file"),
        required(col::LINE, Type::Long, "行番号", "line"),
        optional(col::REJECT_REASON, Type::Text, "読めない理由", "why the row could not be read"),
        optional(col::REJECT_RAW, Type::Text, "元の行", "the row as it stood"),
        optional(col::ITEM_ID, Type::Text, "商品コード", "item"),
        optional(col::ITEM_NAME, Type::Text, "商品名", "item name"),
        optional(col::CATEGORY_PATH, Type::Text, "分類", "category"),
        optional(col::COST, Type::Amount, "原価", "cost in yen"),
        optional(col::LAUNCHED_ON, Type::Date, "発売日", "since when it is sold"),
        optional(col::ROLE, Type::Text, "役割", "trial or main"),
        optional(col::STORE_ID, Type::Text, "店舗", "store"),
        optional(col::STORE_NAME, Type::Text, "店舗名", "store name"),
        optional(col::PREFECTURE, Type::Text, "都道府県", "prefecture"),
        optional(col::OPENED_ON, Type::Date, "開店日", "since when it is open"),
        optional(col::MEDIUM, Type::Text, "媒体", "medium"),
        optional(col::MONTH, Type::Date, "月", "first day of the month"),
        optional(col::AMOUNT, Type::Amount, "費用", "spend in yen"),
    ],
};

/// The records that share a key of a blocking rule and are compared: two and more, up to the limit. `key` is a hash, stored with its
/// sign bit as it falls.
pub(crate) static BLOCK: Table = Table {
    name: "block",
    ja: "ブロック",
    en: "the records that share a key of a blocking rule",
    key: &[col::KEY],
    columns: &[
        required(col::RULE, Type::Integer, "規則の番号", "rule, by its place in the model"),
        required(col::KEY, Type::Long, "キーのハッシュ", "hash of the rule and the key's values"),
        required(col::RECORDS, Type::Long, "レコード数", "number of records"),
        required(col::ROWS, Type::List(&Type::Long), "レコードの行", "rows of the records, ascending"),
    ],
};

/// Two records that share a blocking key; the first rule of the model that brings them owns the pair. It is made from `block` while it
/// is read, and written only for executors, who read it as files.
pub(crate) static CANDIDATE_PAIR: Table = Table {
    name: "candidate_pair",
    ja: "候補ペア",
    en: "two records that share a blocking key",
    key: &[col::ROW_L, col::ROW_R],
    columns: &[
        required(col::ROW_L, Type::Long, "左のレコード", "left record"),
        required(col::ROW_R, Type::Long, "右のレコード", "right record"),
        required(col::RULE, Type::Integer, "規則の番号", "first rule that brings the pair"),
    ],
};

/// A candidate pair worth keeping: its probabilities are above the floor of review.
pub(crate) static SCORED_PAIR: Table = Table {
    name: "scored_pair",
    ja: "採点済みペア",
    en: "a candidate pair with its probabilities",
    key: &[col::ROW_L, col::ROW_R],
    columns: &[
        required(col::ROW_L, Type::Long, "左のレコード", "left record"),
        required(col::ROW_R, Type::Long, "右のレコード", "right record"),
        required(col::RULE, Type::Integer, "規則の番号", "first rule that brings the pair"),
        required(col::MATCH_WEIGHT, Type::Double, "一致の重み", "match weight, log2"),
        required(col::MATCH_PROBABILITY, Type::Double, "同一人物の確率", "probability of one person"),
        required(
            col::HOUSEHOLD_PROBABILITY,
            Type::Double,
            "同一世帯の確率",
            "probability of two people of one household",
        ),
    ],
};

const GOLDEN_RECORD_COLUMNS: [Column; 29] = {
    let provenance =
        optional(col::PROVENANCE, Type::List(&PROVENANCE_ITEM), "値の出どころ", "where each value came from");
    let mut all = [provenance; 29];
    let mut i = 0;
    while i < GOLDEN_CUSTOMER.columns.len() {
        all[i] = GOLDEN_CUSTOMER.columns[i];
        i += 1;
    }
    all
};

/// Where a golden value came from: the columns of `field_provenance` after the customer.
pub(crate) const PROVENANCE_ITEM: Type = Type::Struct(&[
    (col::FIELD, Type::Text),
    (col::CHANNEL, Type::Text),
    (col::RECORD_ID, Type::Text),
    (col::RULE, Type::Text),
    (col::OBSERVED_AT, Type::Timestamp),
]);

/// A golden customer with its provenance.
pub(crate) static GOLDEN_RECORD: Table = Table {
    name: "golden_record",
    ja: "統合顧客と値の出どころ",
    en: "a golden customer with its provenance",
    key: &[col::CUSTOMER_ID],
    columns: &GOLDEN_RECORD_COLUMNS,
};

/// Which person and household a record is.
pub(crate) static IDENTITY: Table = Table {
    name: "identity",
    ja: "名寄せ結果",
    en: "which person and household a record is",
    key: &[col::ROW],
    columns: &[
        required(col::ROW, Type::Long, "レコードの行", "row of the record"),
        required(col::CHANNEL, Type::Text, "チャネル", "channel"),
        required(col::RECORD_ID, Type::Text, "顧客番号", "id within the channel"),
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id"),
        required(col::HOUSEHOLD_ID, Type::Text, "世帯ID", "household id"),
        required(col::CONFIDENCE, Type::Double, "確信度", "how sure the assignment is, 0 to 1"),
        optional(
            col::JOINED_BY_DECISION,
            Type::Boolean,
            "人の判断で結合された顧客か",
            "whether a decision of a person joined the customer's records",
        ),
    ],
};

/// What each record said last of a consent: what [`super::CONSENT`] is made from. Marts may read it.
pub(crate) static CONSENT_BY_RECORD: Table = Table {
    name: "consent_by_record",
    ja: "レコードごとの同意（目的・連絡手段ごと、そのレコードの最新の意思表示）",
    en: "what each record said last of a consent, by purpose and way of contact",
    key: &[col::CUSTOMER_ID, col::PURPOSE, col::CONTACT, col::CHANNEL, col::RECORD_ID],
    columns: &[
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id"),
        required(col::PURPOSE, Type::Text, "目的", "purpose"),
        required(col::CONTACT, Type::Text, "連絡手段", "way of contact"),
        required(col::CHANNEL, Type::Text, "チャネル", "channel of the record"),
        required(col::RECORD_ID, Type::Text, "顧客番号", "id within the channel"),
        required(col::STATUS, Type::Text, "状態 (denied, unknown, granted)", "denied, unknown or granted"),
        optional(col::STATED_AT, Type::Timestamp, "意思表示の日時", "when the record said so"),
        required(
            "holds",
            Type::Boolean,
            "同意として有効か（同じ顧客の他のレコードの拒否より新しい同意）",
            "whether it is a grant, newer than all that records of the customer denied or said without meaning",
        ),
        optional(
            col::CONTACT_POINTS,
            Type::List(&Type::Text),
            "そのレコードの宛先",
            "what it is about: the mail addresses or phones of the record",
        ),
    ],
};

/// Who would be one person at other thresholds: what error bars of figures are counted from. Marts may read it.
pub(crate) static IDENTITY_AT_THRESHOLD: Table = Table {
    name: "identity_at_threshold",
    ja: "閾値を変えた場合の名寄せ結果（結果が変わるレコードのみ）",
    en: "which person a record would be at another threshold, where people differ",
    key: &[col::THRESHOLD, col::CHANNEL, col::RECORD_ID],
    columns: &[
        required(col::THRESHOLD, Type::Double, "閾値", "from which probability a pair is a link"),
        required(col::CHANNEL, Type::Text, "チャネル", "channel"),
        required(col::RECORD_ID, Type::Text, "顧客番号", "id within the channel"),
        required(
            "person",
            Type::Long,
            "その閾値での人物",
            "the person at that threshold: a number of this table alone",
        ),
    ],
};

/// The work table of that name which executors may write: its rows come in no order.
pub(crate) fn work_table(name: &str) -> Option<&'static Table> {
    [&RAW_RECORD, &RAW_EVENT, &RAW_REFERENCE].into_iter().find(|t| t.name == name)
}
