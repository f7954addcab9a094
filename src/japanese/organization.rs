//! Organizations: names of companies and bodies, their legal form kept apart.
//!
//! In: text as written (㈱山田, 山田（株）, カ)ヤマダ, Yamada Co., Ltd.). Out: the legal form, the
//! name without it, and a key on which spellings of one name meet; nothing when the text does not
//! look like an organization.
//!
//! Legal forms: Companies Act, Act on General Incorporated Associations, and the acts that each body
//! is named for; their bank-transfer abbreviations (カ, ユ, ド …) are those of the Zengin rules.

use super::kana::to_katakana;
use super::kanji;
use super::width::fold_width;
use std::sync::OnceLock;

/// The legal form of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 株式会社
    Kabushiki,
    /// 有限会社
    Yugen,
    /// 合同会社
    Godo,
    /// 合資会社
    Goshi,
    /// 合名会社
    Gomei,
    /// 一般・公益社団法人
    Shadan,
    /// 一般・公益財団法人
    Zaidan,
    /// 医療法人
    Iryo,
    /// 学校法人
    Gakko,
    /// 宗教法人
    Shukyo,
    /// 社会福祉法人
    Fukushi,
    /// 特定非営利活動法人 (NPO法人)
    Npo,
    /// 独立行政法人, 国立大学法人 and other public bodies
    Public,
    /// Inc., Corp., Ltd., LLC and their kind
    Foreign,
    /// Recognized by a word (商店, 病院, 協会) only
    Other,
}

impl Kind {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Kabushiki => "kabushiki",
            Kind::Yugen => "yugen",
            Kind::Godo => "godo",
            Kind::Goshi => "goshi",
            Kind::Gomei => "gomei",
            Kind::Shadan => "shadan",
            Kind::Zaidan => "zaidan",
            Kind::Iryo => "iryo",
            Kind::Gakko => "gakko",
            Kind::Shukyo => "shukyo",
            Kind::Fukushi => "fukushi",
            Kind::Npo => "npo",
            Kind::Public => "public",
            Kind::Foreign => "foreign",
            Kind::Other => "other",
        }
    }
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its legal form.
    pub kind: Kind,
    /// The name without the legal form, as written after width folding.
    pub name: String,
    /// The key of the name: kanji variants folded, katakana, capitals, no spaces or punctuation.
    pub key: String,
}

/// Written anywhere in the text. Longer before shorter.
const FORMS: &[(&str, Kind)] = &[
    ("株式会社", Kind::Kabushiki),
    ("株式會社", Kind::Kabushiki),
    ("(株)", Kind::Kabushiki),
    ("カブシキガイシャ", Kind::Kabushiki),
    ("カブシキカイシャ", Kind::Kabushiki),
    ("かぶしきがいしゃ", Kind::Kabushiki),
    ("有限会社", Kind::Yugen),
    ("有限會社", Kind::Yugen),
    ("(有)", Kind::Yugen),
    ("ユウゲンガイシャ", Kind::Yugen),
    ("ゆうげんがいしゃ", Kind::Yugen),
    ("合同会社", Kind::Godo),
    ("(同)", Kind::Godo),
    ("(合)", Kind::Godo),
    ("合資会社", Kind::Goshi),
    ("(資)", Kind::Goshi),
    ("合名会社", Kind::Gomei),
    ("(名)", Kind::Gomei),
    ("一般社団法人", Kind::Shadan),
    ("公益社団法人", Kind::Shadan),
    ("社団法人", Kind::Shadan),
    ("(一社)", Kind::Shadan),
    ("(公社)", Kind::Shadan),
    ("(社)", Kind::Shadan),
    ("一般財団法人", Kind::Zaidan),
    ("公益財団法人", Kind::Zaidan),
    ("財団法人", Kind::Zaidan),
    ("(一財)", Kind::Zaidan),
    ("(公財)", Kind::Zaidan),
    ("(財)", Kind::Zaidan),
    ("医療法人社団", Kind::Iryo),
    ("医療法人財団", Kind::Iryo),
    ("社会医療法人", Kind::Iryo),
    ("医療法人", Kind::Iryo),
    ("(医)", Kind::Iryo),
    ("学校法人", Kind::Gakko),
    ("(学)", Kind::Gakko),
    ("宗教法人", Kind::Shukyo),
    ("(宗)", Kind::Shukyo),
    ("社会福祉法人", Kind::Fukushi),
    ("(福)", Kind::Fukushi),
    ("(社福)", Kind::Fukushi),
    ("特定非営利活動法人", Kind::Npo),
    ("NPO法人", Kind::Npo),
    ("(特非)", Kind::Npo),
    ("(特)", Kind::Npo),
    ("地方独立行政法人", Kind::Public),
    ("独立行政法人", Kind::Public),
    ("国立研究開発法人", Kind::Public),
    ("国立大学法人", Kind::Public),
    ("公立大学法人", Kind::Public),
    ("(独)", Kind::Public),
    ("弁護士法人", Kind::Other),
    ("税理士法人", Kind::Other),
    ("監査法人", Kind::Other),
    ("司法書士法人", Kind::Other),
    ("行政書士法人", Kind::Other),
    ("農事組合法人", Kind::Other),
    ("管理組合法人", Kind::Other),
    ("投資法人", Kind::Other),
];

/// Bank-transfer abbreviations: at the start before ), at the end after (, or inside both.
const TRANSFER: &[(&str, Kind)] = &[
    ("カ", Kind::Kabushiki),
    ("ユ", Kind::Yugen),
    ("ド", Kind::Godo),
    ("シ", Kind::Goshi),
    ("メ", Kind::Gomei),
    ("シヤ", Kind::Shadan),
    ("シャ", Kind::Shadan),
    ("ザイ", Kind::Zaidan),
    ("イ", Kind::Iryo),
    ("ガク", Kind::Gakko),
    ("シユウ", Kind::Shukyo),
    ("シュウ", Kind::Shukyo),
    ("フク", Kind::Fukushi),
    ("トクヒ", Kind::Npo),
    ("ドク", Kind::Public),
];

/// Last words of organizations without a legal form in their name.
const ENDINGS: &[&str] = &[
    "商店",
    "商会",
    "商事",
    "工業",
    "工業所",
    "工務店",
    "工芸",
    "工房",
    "建設",
    "建築",
    "製作所",
    "製造所",
    "鉄工所",
    "事務所",
    "病院",
    "医院",
    "診療所",
    "クリニック",
    "歯科",
    "薬局",
    "組合",
    "協会",
    "協議会",
    "連合会",
    "連盟",
    "後援会",
    "町内会",
    "自治会",
    "大学",
    "大学院",
    "高校",
    "高等学校",
    "中学校",
    "小学校",
    "学校",
    "学園",
    "学院",
    "幼稚園",
    "保育園",
    "こども園",
    "銀行",
    "信用金庫",
    "支店",
    "営業所",
    "出張所",
    "本社",
    "本店",
    "本部",
    "市役所",
    "区役所",
    "町役場",
    "村役場",
    "役場",
    "委員会",
    "研究所",
    "研究会",
    "研究室",
    "センター",
    "サービス",
    "ホテル",
    "旅館",
    "食堂",
    "酒店",
    "書店",
    "運輸",
    "運送",
    "物流",
    "興業",
    "産業",
    "電機",
    "電器",
    "不動産",
    "印刷",
    "薬品",
    "製薬",
    "食品",
    "水産",
    "農園",
    "農場",
    "牧場",
    "美容室",
    "美容院",
    "理容室",
    "整骨院",
    "接骨院",
    "デイサービス",
    "カンパニー",
    "ショップ",
    "ストア",
    "マート",
    "スクール",
    "サロン",
    "システム",
    "システムズ",
    "コーポレーション",
    "ホールディングス",
];

/// English forms, as the last words.
const ENGLISH: &[&str] = &[
    "INC",
    "CORP",
    "CORPORATION",
    "LTD",
    "LIMITED",
    "LLC",
    "LLP",
    "KK",
    "GK",
    "COMPANY",
    "CO",
    "COLTD",
    "PLC",
    "GMBH",
    "SA",
    "AG",
    "FOUNDATION",
    "UNIVERSITY",
    "HOLDINGS",
    "ASSOCIATION",
];

/// The organization that the text names, if it looks like one.
pub fn organization(text: &str) -> Option<Organization> {
    let text = fold_width(text);
    by_form(&text).or_else(|| by_transfer(&text)).or_else(|| by_english(&text)).or_else(|| by_ending(&text))
}

/// Whether the text carries a legal form in so many words (not only an ending such as 商店).
pub fn has_legal_form(text: &str) -> bool {
    let text = fold_width(text);
    by_form(&text).or_else(|| by_transfer(&text)).is_some()
}

fn by_form(text: &str) -> Option<Organization> {
    // Most texts are names of people: every form has one of these.
    if !text.contains(['社', '法', '(', 'ャ', 'ゃ']) {
        return None;
    }
    let (form, kind) = FORMS.iter().find(|(form, _)| text.contains(form))?;
    // The longest form at the place: 公益社団法人 is listed before 社団法人, (社福) holds no (社).
    Some(named(*kind, &text.replacen(form, " ", 1)))
}

fn by_transfer(text: &str) -> Option<Organization> {
    if !text.contains(['(', ')']) {
        return None;
    }
    let wide = to_katakana(text);
    TRANSFER.iter().find_map(|&(short, kind)| {
        let rest = wide
            .strip_prefix(&format!("({short})"))
            .or_else(|| wide.strip_prefix(&format!("{short})")))
            .or_else(|| wide.strip_suffix(&format!("({short})")))
            .or_else(|| wide.strip_suffix(&format!("({short}")));
        let rest = match rest {
            Some(rest) => rest.to_owned(),
            // In the middle: ヤマダ(カ)トウキヨウシテン
            None if wide.contains(&format!("({short})")) => wide.replacen(&format!("({short})"), " ", 1),
            None => return None,
        };
        (rest.chars().filter(|c| c.is_alphanumeric()).count() >= 2).then(|| named(kind, &rest))
    })
}

fn by_english(text: &str) -> Option<Organization> {
    if !text.is_ascii() || !text.contains(' ') {
        return None;
    }
    let words: Vec<String> = text
        .split([' ', ','])
        .map(|w| w.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase())
        .collect();
    let end = words.iter().rposition(|w| !w.is_empty() && !ENGLISH.contains(&w.as_str()))?;
    let formal =
        words[end + 1..].iter().any(|w| !w.is_empty() && (w != "SA" && w != "AG" && w != "CO" || words.len() > 2));
    formal.then(|| named(Kind::Foreign, &text.split([' ', ',']).take(end + 1).collect::<Vec<_>>().join(" ")))
}

fn by_ending(text: &str) -> Option<Organization> {
    // Few names of people end as these do.
    static LAST: OnceLock<Vec<char>> = OnceLock::new();
    let last = LAST.get_or_init(|| {
        let mut last: Vec<char> = ENDINGS.iter().filter_map(|e| e.chars().next_back()).collect();
        last.sort_unstable();
        last
    });
    if last.binary_search(&text.chars().next_back()?).is_err() {
        return None;
    }
    let ending = ENDINGS.iter().find(|ending| text.ends_with(*ending))?;
    (text.chars().count() > ending.chars().count() + 1).then(|| named(Kind::Other, text))
}

fn named(kind: Kind, name: &str) -> Organization {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = to_katakana(&kanji::fold(&name));
    let key = folded.chars().filter(|c| c.is_alphanumeric() || *c == 'ー').flat_map(char::to_uppercase).collect();
    Organization { kind, key, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, kind, name) in [
            ("㈱山田", Kind::Kabushiki, "山田"),
            ("山田（株）", Kind::Kabushiki, "山田"),
            ("株式会社 髙島屋", Kind::Kabushiki, "髙島屋"),
            ("ｶ)ﾔﾏﾀﾞｼﾖｳﾃﾝ", Kind::Kabushiki, "ヤマダシヨウテン"),
            ("ﾔﾏﾀﾞ(ﾕ", Kind::Yugen, "ヤマダ"),
            ("公益社団法人日本会", Kind::Shadan, "日本会"),
            ("Yamada Co., Ltd.", Kind::Foreign, "Yamada"),
            ("田中商店", Kind::Other, "田中商店"),
        ] {
            let found = organization(text).expect(text);
            assert_eq!((found.kind, found.name.as_str()), (kind, name), "{text}");
        }
        for person in ["山田太郎", "山田 太郎(たろう)", "商店", "Marco Polo", "大学"] {
            assert_eq!(organization(person), None, "{person}");
        }
        let key = |text| organization(text).map(|o| o.key);
        assert_eq!(key("㈱髙島屋"), key("高島屋 株式会社"));
    }
}
