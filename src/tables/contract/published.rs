//! Tables that readers see: the golden tables and what an auditor needs. docs/tables.md is made from them.

use super::facts::{INTERACTION, MEDIUM_SPEND, PRODUCT, STORE};
use super::{Column, NAMED_VALUE, Table, Type, col, optional, required};

/// Every published table except the marts.
pub(super) static ALL: &[&Table] = &[
    &GOLDEN_CUSTOMER,
    &FIELD_PROVENANCE,
    &CONSENT,
    &ID_MAP,
    &SOURCE_RECORD,
    &INTERACTION,
    &PRODUCT,
    &STORE,
    &MEDIUM_SPEND,
    &LEDGER,
    &DECISION,
    &ID_EVENT,
    &RESTATEMENT,
    &REJECT,
    &RUN,
];

/// An identifier with its kind and whether its check digit holds (null where the kind has none).
pub(crate) const IDENTIFIER: Type =
    Type::Struct(&[(col::NAME, Type::Text), (col::VALUE, Type::Text), ("valid", Type::Boolean)]);

/// A value that a record had, and when.
pub(crate) const PAST_VALUE: Type = Type::Struct(&[
    (col::ATTRIBUTE, Type::Text),
    (col::VALUE, Type::Text),
    (col::FIRST_AT, Type::Timestamp),
    (col::LAST_AT, Type::Timestamp),
]);

/// Columns that a standardized record and a golden customer share.
macro_rules! person_columns {
    () => {
        [
            optional(col::FAMILY_NAME, Type::Text, "姓", "family name"),
            optional(col::GIVEN_NAME, Type::Text, "名", "given name"),
            optional(col::FAMILY_KANA, Type::Text, "姓カナ", "family name in katakana"),
            optional(col::GIVEN_KANA, Type::Text, "名カナ", "given name in katakana"),
            optional(col::BIRTH_DATE, Type::Date, "生年月日", "birth date").age_band(),
            optional(col::SEX, Type::Text, "性別 (male, female)", "sex: male, female").plain(),
            optional(col::POSTAL_CODE, Type::Text, "郵便番号 (7桁)", "postal code, 7 digits"),
            optional(col::PREFECTURE, Type::Text, "都道府県", "prefecture"),
            optional(col::CITY, Type::Text, "市区町村", "municipality with county and ward"),
            optional(col::TOWN, Type::Text, "町字", "town"),
            optional(col::CHOME, Type::Integer, "丁目", "chome"),
            optional(col::BLOCK, Type::Text, "番地・号", "block and house number"),
            optional(col::BUILDING, Type::Text, "建物名", "building"),
            optional(col::ROOM, Type::Text, "部屋番号", "room"),
            optional(col::TOWN_CODE, Type::Text, "町字コード", "town code").plain(),
            optional(col::ADDRESS, Type::Text, "正規化した住所", "canonical address in one line"),
            optional(
                col::PHONES,
                Type::List(&Type::Text),
                "電話番号 (E.164, 新しい順)",
                "phones in E.164, newest first",
            ),
            optional(col::EMAILS, Type::List(&Type::Text), "メール (新しい順)", "mail addresses, newest first"),
            optional(col::IDENTIFIERS, Type::List(&IDENTIFIER), "会員番号など", "identifiers with their kind"),
            optional(col::EXTRA, Type::List(&NAMED_VALUE), "その他の属性", "declared attributes"),
        ]
    };
}

/// The columns that describe a person, shared by [`SOURCE_RECORD`] and [`GOLDEN_CUSTOMER`].
pub(crate) static PERSON_COLUMNS: [Column; 20] = person_columns!();

const fn between<const N: usize>(head: &[Column], tail: &[Column]) -> [Column; N] {
    let person: [Column; 20] = person_columns!();
    let mut all = [person[0]; N];
    let mut n = 0;
    while n < head.len() {
        all[n] = head[n];
        n += 1;
    }
    let mut i = 0;
    while i < person.len() {
        all[n] = person[i];
        n += 1;
        i += 1;
    }
    let mut i = 0;
    while i < tail.len() {
        all[n] = tail[i];
        n += 1;
        i += 1;
    }
    all
}

const SOURCE_RECORD_COLUMNS: [Column; 28] = between(
    &[
        required(col::CHANNEL, Type::Text, "チャネル", "channel"),
        required(col::RECORD_ID, Type::Text, "チャネル内の顧客番号", "id within the channel"),
    ],
    &[
        optional(col::REGISTERED_AT, Type::Timestamp, "登録日時", "when the record was made"),
        optional(col::FIRST_SEEN, Type::Timestamp, "最初の日時", "oldest time of the record"),
        optional(col::LAST_SEEN, Type::Timestamp, "最後の日時", "newest time of the record"),
        required(col::VERSIONS, Type::Integer, "版の数", "number of source rows"),
        optional(col::HISTORY, Type::List(&PAST_VALUE), "持っていた全ての値", "every value that it ever had"),
        optional(
            col::PROBLEMS,
            Type::List(&Type::Text),
            "正規化で見つかった問題",
            "problems found, as attribute:problem",
        ),
    ],
);

/// A record of a channel, standardized.
pub(crate) const SOURCE_RECORD: Table = Table {
    name: "source_record",
    ja: "チャネルの顧客レコード（正規化済み、持っていた値を全て含む）",
    en: "a standardized record, with every value that it ever had",
    key: &[col::CHANNEL, col::RECORD_ID],
    columns: &SOURCE_RECORD_COLUMNS,
};

const GOLDEN_COLUMNS: [Column; 28] = between(
    &[
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id").keyed(),
        required(col::HOUSEHOLD_ID, Type::Text, "世帯ID", "household id").keyed(),
    ],
    &[
        required(col::CHANNELS, Type::List(&Type::Text), "利用チャネル", "channels, in order of name").plain(),
        required(col::RECORDS, Type::Integer, "レコード数", "number of records").plain(),
        optional(col::FIRST_SEEN, Type::Timestamp, "最初の日時", "oldest time of its records").plain(),
        optional(col::LAST_SEEN, Type::Timestamp, "最後の日時", "newest time of its records").plain(),
        required(
            col::CONFIDENCE,
            Type::Double,
            "確信度（データから見たもの。人の判断で結合された顧客では、結合された各部分のもの）",
            "how sure the evidence is that the records are one person, 0 to 1; of each of the joined parts where joined_by_decision",
        )
        .plain(),
        optional(
            col::JOINED_BY_DECISION,
            Type::Boolean,
            "人の判断で結合された顧客か（decision表にその判断がある）",
            "whether a decision of a person joined records that the evidence does not; `decision` has it",
        )
        .plain(),
    ],
);

/// A person.
pub(crate) const GOLDEN_CUSTOMER: Table = Table {
    name: "golden_customer",
    ja: "統合顧客（一人一行）",
    en: "a person, with the best values of all records",
    key: &[col::CUSTOMER_ID],
    columns: &GOLDEN_COLUMNS,
};

/// Where a golden value came from.
pub(crate) static FIELD_PROVENANCE: Table = Table {
    name: "field_provenance",
    ja: "統合顧客の値の出どころ",
    en: "where a golden value came from, and by which rule",
    key: &[col::CUSTOMER_ID, col::FIELD],
    columns: &[
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id"),
        required(col::FIELD, Type::Text, "項目", "field"),
        required(col::CHANNEL, Type::Text, "出どころのチャネル", "channel of the record it came from"),
        required(col::RECORD_ID, Type::Text, "出どころの顧客番号", "record it came from"),
        required(col::RULE, Type::Text, "採用規則", "survivorship rule that chose it"),
        optional(col::OBSERVED_AT, Type::Timestamp, "値の日時", "time of the value"),
    ],
};

/// What a person agreed to: the newest statement of all records decides.
pub(crate) static CONSENT: Table = Table {
    name: "consent",
    ja: "同意（目的・連絡手段ごと、最も新しい意思表示が決め手。行がなければ同意なし）",
    en: "what a person agreed to, by purpose and way of contact: the newest statement decides; no row is no consent",
    key: &[col::CUSTOMER_ID, col::PURPOSE, col::CONTACT],
    columns: &[
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id").keyed(),
        required(col::PURPOSE, Type::Text, "目的", "purpose").plain(),
        required(col::CONTACT, Type::Text, "連絡手段", "way of contact").plain(),
        required(
            col::STATUS,
            Type::Text,
            "状態 (denied, unknown, granted)。grantedだけが同意",
            "denied, unknown or granted; only granted is consent",
        )
        .plain(),
        required(col::CHANNEL, Type::Text, "決め手のチャネル", "channel of the record that decided").plain(),
        required(col::RECORD_ID, Type::Text, "決め手の顧客番号", "record that decided"),
        optional(
            col::STATED_AT,
            Type::Timestamp,
            "意思表示の日時（分からなければNULL）",
            "when the record said so; null where no source says",
        )
        .plain(),
        optional(
            col::CONTACT_POINTS,
            Type::List(&Type::Text),
            "同意が及ぶ宛先（決め手のレコードのもの）",
            "what the statement holds for: the mail addresses or phones of the record that decided",
        ),
    ],
};

/// The crosswalk of records to people.
pub(crate) static ID_MAP: Table = Table {
    name: "id_map",
    ja: "チャネルの顧客番号と統合顧客IDの対応",
    en: "which record is which person and household, and since when",
    key: &[col::CHANNEL, col::RECORD_ID, col::VALID_FROM, col::VALID_FROM_RUN],
    columns: &[
        required(col::CHANNEL, Type::Text, "チャネル", "channel"),
        required(col::RECORD_ID, Type::Text, "チャネル内の顧客番号", "id within the channel"),
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id"),
        required(col::HOUSEHOLD_ID, Type::Text, "世帯ID", "household id"),
        required(col::VALID_FROM, Type::Timestamp, "有効開始", "valid from"),
        optional(col::VALID_TO, Type::Timestamp, "有効終了（現在有効ならNULL）", "valid to; null while it holds"),
        required(col::CONFIDENCE, Type::Double, "確信度", "how sure the assignment is, 0 to 1"),
        optional(
            col::VALID_FROM_RUN,
            Type::Long,
            "初めてそう判断した実行の通し番号（この列ができる前ならNULL）",
            "number of the run that found it; null where that was before this column",
        ),
        optional(
            col::VALID_TO_RUN,
            Type::Long,
            "そう判断しなくなった実行の通し番号（現在有効ならNULL）",
            "number of the first run that found it no more; null while it holds",
        ),
    ],
};

/// The evidence of one comparison, as the ledger keeps it.
pub(crate) const COMPARISON_RESULT: Type =
    Type::Struct(&[(col::NAME, Type::Text), ("level", Type::Text), ("weight", Type::Double)]);

/// A decision on a pair.
pub(crate) static LEDGER: Table = Table {
    name: "ledger",
    ja: "ペアごとの判断の記録",
    en: "a decision on a pair, with its evidence",
    key: &[col::CHANNEL_L, col::RECORD_ID_L, col::CHANNEL_R, col::RECORD_ID_R],
    columns: &[
        required(col::CHANNEL_L, Type::Text, "左のチャネル", "channel of the left record"),
        required(col::RECORD_ID_L, Type::Text, "左の顧客番号", "left record"),
        required(col::CHANNEL_R, Type::Text, "右のチャネル", "channel of the right record"),
        required(col::RECORD_ID_R, Type::Text, "右の顧客番号", "right record"),
        required(
            col::DECISION,
            Type::Text,
            "判断 (matched, review, refused, cut, overridden)",
            "matched, review, refused, cut, overridden",
        ),
        required(col::MATCH_WEIGHT, Type::Double, "一致の重み (log2)", "match weight, log2 of the Bayes factor"),
        required(col::MATCH_PROBABILITY, Type::Double, "同一人物の確率", "probability of one person"),
        required(
            col::HOUSEHOLD_PROBABILITY,
            Type::Double,
            "同一世帯の確率",
            "probability of two people of one household",
        ),
        required(col::BLOCKING_RULE, Type::Text, "ペアを見つけた規則", "blocking rule that brought the pair"),
        required(
            col::COMPARISONS,
            Type::List(&COMPARISON_RESULT),
            "比較ごとの水準と重み",
            "level and weight of each comparison",
        ),
        optional(col::REASON, Type::Text, "理由", "reason, for a cut or a manual decision"),
        required(col::RUN_ID, Type::Text, "実行ID", "run"),
    ],
};

/// What people decided on pairs of records: a row when a decision begins to count, and one when it ends.
pub(crate) static DECISION: Table = Table {
    name: "decision",
    ja: "人の判断の記録（追記のみ。効力が生じた時と失われた時に一行ずつ）",
    en: "a decision on a pair of records: one row when a run takes it, one when it counts no more; rows are only added",
    key: &[col::DECISION_ID, col::RUN_ID, col::EVENT],
    columns: &[
        required(col::DECISION_ID, Type::Text, "判断のID", "the decision"),
        required(
            col::EVENT,
            Type::Text,
            "出来事 (decided, replaced, taken_back, expired, withdrawn)",
            "decided; or it ended: replaced by another one, taken_back by undecided, expired, or withdrawn from the file",
        ),
        required(col::CHANNEL_L, Type::Text, "左のチャネル", "channel of the left record"),
        required(col::RECORD_ID_L, Type::Text, "左の顧客番号", "left record"),
        required(col::CHANNEL_R, Type::Text, "右のチャネル", "channel of the right record"),
        required(col::RECORD_ID_R, Type::Text, "右の顧客番号", "right record"),
        required(col::DECISION, Type::Text, "判断 (same, different, undecided)", "same, different or undecided"),
        required(col::DECIDED_BY, Type::Text, "判断した人", "who decided"),
        optional(col::DECIDED_AT, Type::Timestamp, "判断の日時", "when, as the decision says"),
        required(col::WHY, Type::Text, "理由", "why"),
        optional(col::EXPIRES, Type::Timestamp, "期限", "until when it counts; null without an end"),
        optional(col::REPLACES, Type::Text, "置き換えた判断のID", "the decision that it replaces"),
        optional(
            col::VALUES_DIGEST,
            Type::Text,
            "判断が取り込まれた時の両レコードの値のダイジェスト（レコードがなければNULL）",
            "digest of the values that identify both records as of the run that took it; null where one was not there",
        ),
        optional(
            col::FILE,
            Type::Text,
            "判断のファイル（消去によるものはNULL）",
            "file it stands in; null where an erasure made it",
        ),
        optional(col::LINE, Type::Long, "行番号", "line of that file"),
        required(col::RUN_ID, Type::Text, "実行ID", "the run that took or ended it"),
        required(col::VALID_FROM, Type::Timestamp, "日時", "data time of that run"),
    ],
};

/// What happened to a customer id.
pub(crate) static ID_EVENT: Table = Table {
    name: "id_event",
    ja: "統合顧客IDに起きたこと",
    en: "created, joined, merged, split, retired, erased; the reason `rollback` where a rollback did it",
    key: &[col::CUSTOMER_ID, col::RUN_ID, col::EVENT, col::COUNTERPART],
    columns: &[
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id"),
        required(col::RUN_ID, Type::Text, "実行ID", "run"),
        required(col::EVENT, Type::Text, "出来事", "what happened"),
        optional(col::COUNTERPART, Type::Text, "相手（IDまたはレコード）", "the other id or record"),
        required(col::REASON, Type::Text, "原因", "cause"),
        required(col::VALID_FROM, Type::Timestamp, "日時", "when, in data time"),
    ],
};

/// A figure that is another one now.
pub(crate) static RESTATEMENT: Table = Table {
    name: "restatement",
    ja: "過去の数値の修正（前回の基準日時点の数値が、いま計算すると変わるもの）",
    en: "a figure of the run before that is another one today, as of that run's time",
    key: &[col::RUN_ID, "mart", col::KEY, col::FIELD],
    columns: &[
        required(col::RUN_ID, Type::Text, "実行ID", "the run that found it"),
        required("mart", Type::Text, "分析表", "table of the figure"),
        required(
            col::KEY,
            Type::Text,
            "統合顧客ID・商品コード・月など（複数の列のキーは空白でつなぐ）",
            "customer id, item, month; of a key of several columns their values with spaces between them",
        ),
        required(col::FIELD, Type::Text, "項目", "column"),
        optional("before", Type::Double, "公表した値（なければNULL）", "as published; null where there was none"),
        optional(
            "after",
            Type::Double,
            "いまの値（なければNULL）",
            "as of the same time, today; null where there is none",
        ),
        required(
            "cause",
            Type::Text,
            "原因",
            "event of the customer, late facts, others that moved, or people and facts that changed",
        ),
    ],
};

/// A row that could not be read.
pub(crate) static REJECT: Table = Table {
    name: "reject",
    ja: "読めなかった行",
    en: "a row that could not be read, with file, line and reason",
    key: &[col::FILE, col::LINE, col::SOURCE],
    columns: &[
        required(col::FILE, Type::Text, "ファイル", "file"),
        required(col::LINE, Type::Long, "行番号", "line"),
        required(col::SOURCE, Type::Text, "ソース名", "source of the pipeline file"),
        required(col::REASON, Type::Text, "理由", "reason"),
        optional(col::RAW, Type::Text, "元の行", "the row as it stood"),
    ],
};

/// A run: written last, it publishes the others.
pub(crate) static RUN: Table = Table {
    name: "run",
    ja: "実行の記録（最後に書かれ、これで公開となる）",
    en: "a run; written last, it publishes the versions of the other tables",
    key: &[col::RUN_ID],
    columns: &[
        required(col::RUN_ID, Type::Text, "実行ID", "run id, from inputs and configuration"),
        required(col::RUN_NUMBER, Type::Long, "通し番号", "number of the run in this lake, from 1"),
        required(col::AS_OF, Type::Timestamp, "基準日時", "time as of which the analyses hold"),
        required(col::CONFIG_DIGEST, Type::Text, "設定のダイジェスト", "digest of the configuration"),
        required(col::MODEL_DIGEST, Type::Text, "モデルのダイジェスト", "digest of the model with its parameters"),
        required(col::VERSION, Type::Text, "nayoseの版", "version of nayose"),
        required(
            col::INPUTS,
            Type::List(&Type::Struct(&[
                (col::FILE, Type::Text),
                (col::FINGERPRINT, Type::Text),
                ("rows", Type::Long),
                (col::REJECTS, Type::Long),
            ])),
            "入力ファイル",
            "input files with fingerprint and counts",
        ),
        required(
            col::TABLES,
            Type::List(&Type::Struct(&[
                (col::TABLE_NAME, Type::Text),
                ("version", Type::Long),
                (col::ROW_COUNT, Type::Long),
            ])),
            "公開した表の版",
            "versions of the published tables",
        ),
        optional(
            col::RESTORES,
            Type::Text,
            "ロールバックで復元した実行（ロールバックでなければNULL）",
            "the run whose tables a rollback made the newest again; null where it was none",
        ),
        optional(col::RESTORED_BY, Type::Text, "ロールバックした人", "who rolled back"),
        optional(col::RESTORED_WHY, Type::Text, "ロールバックの理由", "why it was rolled back"),
        optional(col::USER_NAME, Type::Text, "実行したユーザー", "user whose process ran"),
        optional(col::HOST_NAME, Type::Text, "実行したホスト", "host that it ran on"),
        optional(
            col::ARGUMENTS,
            Type::List(&Type::Text),
            "コマンドの引数（秘密を除く）",
            "command line, without secrets",
        ),
        optional(col::STARTED_AT, Type::Timestamp, "開始時刻（時計）", "when it was first started, by the clock"),
        optional(col::PUBLISHED_AT, Type::Timestamp, "公開時刻（時計）", "when it was published, by the clock"),
        optional(
            col::TABLE_DIGESTS,
            Type::List(&Type::Struct(&[(col::TABLE_NAME, Type::Text), (col::DIGEST, Type::Text)])),
            "公開した表のファイルのダイジェスト",
            "digest of the files of each published table",
        ),
        optional(
            col::PREVIOUS_DIGEST,
            Type::Text,
            "前の実行の行のダイジェスト（鎖）",
            "digest of the row of the run before, which chains the rows",
        ),
    ],
};
