//! Campaigns: what was sent to whom in which arm, and what came back. Mail and letters go to records of the shop, push, mail and LINE to
//! records of the app; lists and arms are drawn for a record, so a person with two records may stand in both arms.

use std::path::Path;
use std::rc::Rc;

use super::super::app::stamp;
use super::super::calendar::{Day, END};
use super::super::consent::Consent;
use super::super::cp932::Cp932;
use super::super::draw::{Draw, Purpose, shuffled};
use super::super::facts::Moment;
use super::super::output::FileCounts;
use super::super::rates as chain;
use super::super::record::Registration;
use super::sheet::{Sheet, after, paths, period, stamped};
use super::{Customer, rates};
use crate::error::Result;

/// A campaign: its name, its day, and whether it has two arms.
const CAMPAIGNS: [(&str, Day, bool); 5] = [
    ("2025夏のセール", Day::of(2025, 6, 20), false),
    ("2025秋の新商品", Day::of(2025, 9, 12), true),
    ("2025お歳暮", Day::of(2025, 11, 21), true),
    ("2026福袋", Day::of(2026, 1, 2), false),
    ("2026春の感謝祭", Day::of(2026, 3, 6), true),
];
const SHOP_HEADER: [&str; 8] = ["配信番号", "枝番", "日時", "顧客番号", "反応", "キャンペーン", "配信群", "手段"];
const APP_HEADER: [&str; 8] = ["send_id", "event_no", "occurred_at", "user_id", "event", "campaign", "arm", "channel"];
/// Days in which a purchase counts as an answer.
const ANSWER_DAYS: i32 = 14;
/// Files of a quarter each.
const FILES: (i32, i32) = (3, 4);

/// A way of sending: its words in the two systems, and what is known of it.
#[derive(Clone, Copy)]
enum Way {
    Mail,
    Letter,
    Push,
    Line,
}

impl Way {
    fn opened(self) -> f64 {
        match self {
            Way::Mail => rates::OPENED[0],
            Way::Push => rates::OPENED[1],
            Way::Line => rates::OPENED[2],
            Way::Letter => 0.0,
        }
    }

    fn word(self, app: bool) -> &'static str {
        match self {
            Way::Mail if app => "email",
            Way::Mail => "メール",
            Way::Letter => "DM",
            Way::Push => "push",
            Way::Line => "line",
        }
    }
}

/// What happened, in the words of the two systems.
const WORDS: [[&str; 2]; 6] = [
    ["配信", "sent"],
    ["開封", "opened"],
    ["クリック", "clicked"],
    ["購入", "converted"],
    ["配信停止", "unsubscribed"],
    ["ブロック", "blocked"],
];

/// The files.
pub(super) struct Messages {
    seed: u64,
    shop: Vec<Sheet>,
    app: Vec<Sheet>,
}

impl Messages {
    /// Opens the files.
    pub(super) fn create(out: &Path, seed: u64, cp932: &Rc<Cp932>) -> Result<Self> {
        let open = |stem: &str, encoding, header: &[&str]| {
            let paths = paths(stem, "csv", chain::EVENTS_FROM, FILES.0, FILES.1);
            paths.iter().map(|path| Sheet::create(out, path, "message", encoding, header)).collect::<Result<_>>()
        };
        Ok(Messages {
            seed,
            shop: open("messages_shop", Some(cp932), &SHOP_HEADER)?,
            app: open("messages_app", None, &APP_HEADER)?,
        })
    }

    /// Writes what was sent to a customer's records.
    pub(super) fn customer(&mut self, customer: &Customer<'_>) {
        let mut bought: Vec<Moment> =
            customer.shops.iter().flat_map(|record| &record.orders).map(|order| order.moment).collect();
        bought.sort_unstable();
        for record in &customer.shops {
            let mail = Consent::to_mail(self.seed, 0, record.registration);
            self.record(&record.id, record.registration, false, &bought, |day, draw| {
                let letter = draw.chance(rates::LETTER);
                match mail.on(day) {
                    Some((_, true)) => Some(Way::Mail),
                    _ => Some(Way::Letter).filter(|_| letter),
                }
            });
        }
        for record in &customer.apps {
            let mail = Consent::to_mail(self.seed, 1, record.registration);
            self.record(&record.id, record.registration, true, &bought, |day, draw| {
                let (line, push) = (draw.chance(0.3), draw.chance(0.5));
                match mail.on(day) {
                    _ if record.push && push => Some(Way::Push),
                    Some((_, true)) if line => Some(Way::Line),
                    Some((_, true)) => Some(Way::Mail),
                    _ => None,
                }
            });
        }
    }

    fn record(
        &mut self,
        id: &str,
        registration: Registration,
        app: bool,
        bought: &[Moment],
        way: impl Fn(Day, &mut Draw) -> Option<Way>,
    ) {
        let number = registration.serial * 2 + u64::from(app);
        for (place, (campaign, day, arms)) in CAMPAIGNS.into_iter().enumerate() {
            let mut draw = Draw::new(self.seed, Purpose::Message, number * 8 + place as u64);
            // Lists are made the day before.
            if !draw.chance(rates::IN_CAMPAIGN) || registration.day >= day {
                continue;
            }
            let Some(way) = way(day.plus(-1), &mut draw) else { continue };
            // Sent at ten, within half an hour.
            let sent = Moment { day, second: 36_000 + draw.below(1800) };
            let answer = bought.iter().copied().find(|at| *at > sent && at.day <= day.plus(ANSWER_DAYS));
            let treated = draw.chance(rates::TREATED[usize::from(answer.is_none())]);
            let arm = match (arms, app, treated) {
                (false, _, _) => "",
                (_, false, true) => "テスト",
                (_, false, false) => "コントロール",
                (_, true, true) => "treatment",
                (_, true, false) => "control",
            };
            let mut events = vec![(0, sent)];
            let opened = after(sent, 300 + (draw.exponential() * 30_000.0) as u32);
            if draw.chance(way.opened()) {
                events.push((1, opened));
                if draw.chance(rates::CLICKED) {
                    events.push((2, after(opened, 5 + draw.below(90))));
                }
            }
            if let Some(answer) = answer.filter(|_| draw.chance(rates::CONVERTED)) {
                events.push((3, answer));
            }
            match way {
                Way::Mail if draw.chance(rates::UNSUBSCRIBED) => events.push((4, after(opened, 60 + draw.below(60)))),
                Way::Push | Way::Line if draw.chance(rates::BLOCKED) => events.push((5, after(opened, 60))),
                _ => {}
            }
            self.send(id, number * 8 + place as u64, app, [campaign, arm, way.word(app)], events);
        }
    }

    fn send(&mut self, id: &str, serial: u64, app: bool, words: [&str; 3], mut events: Vec<(usize, Moment)>) {
        let [campaign, arm, way] = words;
        let number = format!("MS{:010}", shuffled(self.seed ^ 0x35, 10_000_000_000, serial));
        events.sort_by_key(|(_, moment)| *moment);
        for (place, (what, moment)) in events.into_iter().enumerate() {
            if moment.day > END {
                continue;
            }
            let file = period(moment.day, chain::EVENTS_FROM, FILES.0, FILES.1);
            let (sheet, when) = match app {
                true => (&mut self.app[file], stamp(moment)),
                false => (&mut self.shop[file], stamped(moment)),
            };
            let branch = place.to_string();
            let event = WORDS[what][usize::from(app)];
            sheet.push(moment.key(serial), &[&number, &branch, &when, id, event, campaign, arm, way]);
        }
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.shop.iter_mut().chain(&mut self.app).try_for_each(Sheet::flush)
    }

    /// Closes the files.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        self.shop.into_iter().chain(self.app).map(Sheet::close).collect()
    }
}
