//! The support desk: tickets as UTF-8 CSV with a byte order mark, with what the agent heard and typed.

use std::path::Path;

use super::calendar::{Day, END};
use super::contact::{PhoneStyle, slip_digit};
use super::draw::{Draw, Purpose, shuffled};
use super::facts::Moment;
use super::household::{Household, Person};
use super::output::{FileCounts, Rows, Shape, quoted};
use super::rates;
use super::record::{View, history, names, phone, typed_mail};
use super::spelling::hiragana;
use crate::error::Result;

const HEADER: [&str; 9] =
    ["受付番号", "受付日時", "お名前", "電話番号", "メールアドレス", "会員番号", "区分", "内容", "対応状況"];

/// Categories with their share and what callers say.
const CATEGORIES: [(&str, u32, [&str; 4]); 6] = [
    (
        "問い合わせ",
        46,
        [
            "ポイントの有効期限を知りたい。",
            "店舗の営業時間について。",
            "商品の在庫を確認したい。",
            "アプリにログインできない。",
        ],
    ),
    (
        "クレーム",
        17,
        [
            "届いた商品が破損していた。",
            "レジの対応が悪かった。",
            "ポイントが付いていない。",
            "注文と違う商品が届いた。",
        ],
    ),
    (
        "返品",
        14,
        ["サイズ違いのため返品したい。", "未開封だが返品できるか。", "返金の時期を確認したい。", "交換を希望。"],
    ),
    (
        "登録変更",
        12,
        ["引越しのため住所を変更したい。", "結婚して名字が変わった。", "電話番号を変更したい。", "カードを紛失した。"],
    ),
    ("解約", 6, ["会員を退会したい。", "カードを解約したい。", "メール配信を止めてほしい。", "アプリを退会したい。"]),
    ("その他", 5, ["店員さんにお礼を伝えてほしい。", "採用について。", "取材の依頼。", "忘れ物をした。"]),
];

/// The numbers by which a caller may be known.
pub(super) struct Known {
    pub(super) shop: Vec<String>,
    pub(super) card: Vec<String>,
}

/// The desk's files.
pub(super) struct Support {
    seed: u64,
    tickets: Vec<Rows>,
    text: String,
}

/// A ticket's number.
pub(super) fn number(seed: u64, serial: u64) -> String {
    format!("T{:09}", shuffled(seed ^ 0x5D, 1_000_000_000, serial))
}

impl Support {
    /// Opens a file for each quarter.
    pub(super) fn create(out: &Path, seed: u64) -> Result<Self> {
        let mut text = String::new();
        quoted(&HEADER, &mut text);
        let head = format!("\u{FEFF}{text}\r\n");
        let (year, first, _) = rates::FACTS_FROM.date();
        let mut tickets = Vec::new();
        for quarter in 0..8 {
            let at = first - 1 + quarter * 3;
            let path = format!("support/tickets_{}{:02}.csv", year + at / 12, at % 12 + 1);
            tickets.push(Rows::plain(out, &path, "ticket", Shape::Csv, b"\r\n", head.as_bytes())?);
        }
        Ok(Support { seed, tickets, text: String::new() })
    }

    /// Writes one ticket; tells when it came in.
    pub(super) fn record(&mut self, household: &Household, person: &Person, serial: u64, known: &Known) -> Moment {
        let mut draw = Draw::new(self.seed, Purpose::Support, serial);
        let mut damage = Draw::new(self.seed, Purpose::Damage, serial * 4 + 3);
        let day = Day(draw.between(rates::FACTS_FROM.0, END.0));
        let moment = Moment { day, second: 32_400 + draw.below(32_400) };
        // A caller tells what is true today.
        let states = history(person, &mut draw, day, 0.0);
        let view = states[0].view(household, person);
        let name = caller(&view, &mut draw);
        let [phone_known, mail_known] = rates::TICKET_KNOWS[draw.by_weight(&rates::TICKET_COMES)];
        let telephone = if draw.chance(phone_known) { telephone(&view, &mut draw) } else { String::new() };
        let mail =
            view.mail.filter(|_| draw.chance(mail_known)).map_or(String::new(), |mail| typed_mail(mail, &mut draw));
        let member = member_number(known, &mut draw);
        let weights = CATEGORIES.map(|(_, weight, _)| weight);
        let (category, _, sentences) = CATEGORIES[draw.by_weight(&weights)];
        let mut body = draw.pick(&sentences).to_string();
        if draw.chance(0.25) {
            body.push_str(draw.pick::<&str>(&["\n折り返し希望。", "\n夕方以降に連絡。", "\n店舗へ転送済み。"]));
        }
        if draw.chance(0.05) {
            body.push_str("「至急\"」とのこと。");
        }
        let status = ["完了", "対応中", "保留"][draw.by_weight(&[86, 10, 4])];
        let mut when = String::new();
        moment.write("-", " ", &mut when);
        let id = number(self.seed, serial);
        quoted(&[&id, &when, &name, &telephone, &mail, &member, category, &body, status], &mut self.text);
        let ((y1, m1, _), (y2, m2, _)) = (rates::FACTS_FROM.date(), day.date());
        let quarter = (((y2 - y1) * 12 + m2 - m1) / 3).clamp(0, 7) as usize;
        self.tickets[quarter].push(moment.key(serial), self.text.as_bytes(), &mut damage);
        moment
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.tickets.iter_mut().try_for_each(Rows::flush)
    }

    /// Closes all files.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        self.tickets.into_iter().map(Rows::close).collect()
    }
}

/// The caller's name as the agent typed it.
fn caller(view: &View<'_>, draw: &mut Draw) -> String {
    let names = names(view, draw);
    let (family, given) = (names.family.as_str(), names.given.as_str());
    let maiden = view
        .person
        .families
        .0
        .first()
        .map(|(_, family)| family.kanji.as_str())
        .filter(|maiden| *maiden != view.family.kanji);
    match draw.by_weight(&[30, 8, 18, 12, 9, 6, 6, 5, 3, 3]) {
        0 => format!("{family}様"),
        1 => family.to_string(),
        2 => format!("{family}{given}様"),
        3 => format!("{family} {given}"),
        4 => format!("{}様", names.family_kana),
        5 => format!("{} {}", names.family_kana, names.given_kana),
        6 => format!("{}様", hiragana(&format!("{}{}", names.family_kana, names.given_kana))),
        7 => format!("{family}　{given} 様"),
        8 => match maiden {
            Some(maiden) => format!("{family}様（旧姓{maiden}）"),
            None => format!("{family}{given}さん"),
        },
        _ => format!("{family}{given}（{}）様", names.given_kana),
    }
}

/// The number that the caller gave: of the shop or of a card, sometimes with a slip, sometimes none.
fn member_number(known: &Known, draw: &mut Draw) -> String {
    if !draw.chance(rates::TICKET_NUMBER) {
        return String::new();
    }
    let card = draw.chance(rates::TICKET_CARD_NUMBER);
    let list = if (card && !known.card.is_empty()) || known.shop.is_empty() { &known.card } else { &known.shop };
    let Some(number) = list.last() else { return String::new() };
    let slipped = if draw.chance(rates::TICKET_NUMBER_SLIP) { slip_digit(number, 1, draw) } else { number.clone() };
    match (slipped.strip_prefix('C'), draw.by_weight(&[80, 12, 8])) {
        // The letter before the number is often left out.
        (Some(digits), 1) => digits.to_string(),
        (Some(digits), 2) => format!("c{digits}"),
        (None, 1) if slipped.len() == 16 => [&slipped[..4], &slipped[4..8], &slipped[8..12], &slipped[12..]].join("-"),
        (None, 2) if slipped.len() == 16 => [&slipped[..4], &slipped[4..8], &slipped[8..12], &slipped[12..]].join(" "),
        _ => slipped,
    }
}

/// The sender's phone as the agent typed it.
fn telephone(view: &View<'_>, draw: &mut Draw) -> String {
    let Some(number) = phone(view, draw, 0.3) else { return String::new() };
    let style = if draw.chance(0.02) { PhoneStyle::NoZero } else { PhoneStyle::draw(draw) };
    if draw.chance(rates::PHONE_SLIP * 3.0) { number.slipped(draw).written(style) } else { number.written(style) }
}
