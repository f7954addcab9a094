//! The tables of segments and mail lists. They are there in runs of a pipeline that has segments.

use super::{Table, Type, col, optional, required};

/// The tables of segments, in the order of the documentation.
pub(crate) static SEGMENT_TABLES: [&Table; 3] = [&SEGMENT, &SEGMENT_MEMBER, &MAIL_LIST];

/// A segment.
pub(crate) static SEGMENT: Table = Table {
    name: "segment",
    ja: "セグメント（パイプラインのYAMLで宣言したもの）。配信リストでは、メンバーがどこで外れたか",
    en: "a segment that the pipeline declares; of a mail list also for what members are not on it",
    key: &["segment"],
    columns: &[
        required("segment", Type::Text, "セグメント", "name of the segment").plain(),
        required("title_ja", Type::Text, "名称（日本語）", "title in Japanese").plain(),
        required("title_en", Type::Text, "名称（英語）", "title in English").plain(),
        required("definition_ja", Type::Text, "条件（日本語）", "condition in words, in Japanese").plain(),
        required("definition_en", Type::Text, "条件（英語）", "condition in words, in English").plain(),
        required("members", Type::Long, "メンバー数", "customers of whom the condition holds").plain(),
        required("is_mail_list", Type::Boolean, "配信リストか", "whether it is a mail list").plain(),
        optional(col::PURPOSE, Type::Text, "配信の目的", "purpose of the message").plain(),
        optional(col::CONTACT, Type::Text, "連絡手段", "way of contact").plain(),
        optional("device", Type::Text, "端末の指定", "device that addresses are of; null of any").plain(),
        optional(
            "reachable",
            Type::Long,
            "届くメンバー数（同意と宛先がある）= excluded + capped + over_limit + listed",
            "members with a consent that holds and an address: excluded + capped + over_limit + listed",
        )
        .plain(),
        optional("no_consent", Type::Long, "同意がない", "without a consent that holds").plain(),
        optional(
            "no_address",
            Type::Long,
            "同意はあるが、その宛先がない、端末が違う、または別の顧客が拒否した",
            "with consent, and without an address of it, or of the device, that no other customer denied",
        )
        .plain(),
        optional("excluded", Type::Long, "除外セグメントに入っている", "in a segment that is left out").plain(),
        optional("capped", Type::Long, "接触上限に達している", "at the contact cap").plain(),
        optional("over_limit", Type::Long, "人数の上限を超えた", "beyond the most customers of the list").plain(),
        optional("listed", Type::Long, "配信リストに載った人数", "on the mail list").plain(),
    ],
};

/// Who is in which segment.
pub(crate) static SEGMENT_MEMBER: Table = Table {
    name: "segment_member",
    ja: "セグメントのメンバー（基準日時点）",
    en: "a member of a segment, as of the run",
    key: &["segment", col::CUSTOMER_ID],
    columns: &[
        required("segment", Type::Text, "セグメント", "segment").plain(),
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id").keyed(),
    ],
};

/// Whom a message may reach, where, and by which consent.
pub(crate) static MAIL_LIST: Table = Table {
    name: "mail_list",
    ja: "配信リスト（有効な同意のある顧客だけ。同意は、それを与えたレコードの宛先にだけ及ぶ）",
    en: "a customer on a mail list: each has a consent that holds, for an address of the record that gave it",
    key: &["list", col::CUSTOMER_ID],
    columns: &[
        required("list", Type::Text, "配信リスト（セグメントの名前）", "mail list, called as its segment").plain(),
        required(col::CUSTOMER_ID, Type::Text, "統合顧客ID", "unified customer id").keyed(),
        required(col::PURPOSE, Type::Text, "同意の目的", "purpose of the consent").plain(),
        required(col::CONTACT, Type::Text, "連絡手段", "way of contact").plain(),
        optional(
            "device",
            Type::Text,
            "端末 (mobile 携帯, pc PC等, fixed 固定電話)",
            "device: mobile, pc; fixed: a landline; null of a way without addresses",
        )
        .plain(),
        optional(
            col::ADDRESS,
            Type::Text,
            "宛先（email, phone, sms以外はNULL。channelとrecord_idが宛先）",
            "mail address or phone; null of other ways, such as push: channel and record_id are the target",
        ),
        required(col::CHANNEL, Type::Text, "同意したレコードのチャネル", "channel of the record that gave the consent")
            .plain(),
        required(col::RECORD_ID, Type::Text, "同意したレコード", "record that gave the consent"),
        optional("granted_at", Type::Timestamp, "同意日時", "when it was given; null where no source says so").plain(),
        optional(
            "rank",
            Type::Long,
            "リスト内の順位（orderの指定がなければNULL）",
            "place on the list; null where it names no order",
        )
        .plain(),
    ],
};
