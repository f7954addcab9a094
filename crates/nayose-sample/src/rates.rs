//! How often things happen, in one place, each with its reason.
//!
//! The rates describe retailers and people. They were set from public statistics where a line says so and otherwise from
//! what customer tables commonly look like; none was set by looking at how records are matched.

use super::calendar::Day;

// The files.

/// Facts start here: two business years up to the last day. Means over the whole span are meant from here.
pub(super) const FACTS_FROM: Day = Day::of(2024, 4, 1);
/// Orders and sales on cards are kept for a quarter more: whoever asks at the end of the data who bought in the months t−24 to t−12 and
/// not since looks back to here.
pub(super) const SALES_FROM: Day = Day::of(2024, 1, 1);
/// The app keeps its event log for one year.
pub(super) const EVENTS_FROM: Day = Day::of(2025, 4, 1);
/// The chain opened its first card counter here; nothing was registered earlier.
pub(super) const OPENED: Day = Day::of(2010, 4, 1);
/// The app's first day.
pub(super) const APP_OPENED: Day = Day::of(2017, 4, 1);
/// Days of the shop's exports: a full dump, then what changed since the one before.
pub(super) const SHOP_EXPORTS: [Day; 13] = [
    Day::of(2025, 9, 30),
    Day::of(2025, 10, 15),
    Day::of(2025, 10, 31),
    Day::of(2025, 11, 15),
    Day::of(2025, 11, 30),
    Day::of(2025, 12, 15),
    Day::of(2025, 12, 31),
    Day::of(2026, 1, 15),
    Day::of(2026, 1, 31),
    Day::of(2026, 2, 15),
    Day::of(2026, 2, 28),
    Day::of(2026, 3, 15),
    Day::of(2026, 3, 31),
];
/// Days of the app's exports: a full dump, then two with what changed.
pub(super) const APP_EXPORTS: [Day; 3] = [Day::of(2025, 12, 31), Day::of(2026, 2, 15), Day::of(2026, 3, 31)];
/// A row that a broken transfer sent a second time, damaged: 1 in 1,000, so that a small sample has a handful and the share
/// stays far below any limit at which a run should stop.
pub(super) const DAMAGED: f64 = 0.001;
/// Records that a store's staff made to try a till: about 1 in 2,500 customers.
pub(super) const TEST_RECORD: f64 = 0.0004;

// Who is registered where.

/// An adult of a customer household who is a customer at all.
pub(super) const ADULT_IS_CUSTOMER: f64 = 0.82;
/// A child of 6 to 17 with a card of its own (parents collect points on it).
pub(super) const CHILD_IS_CUSTOMER: f64 = 0.22;
/// A customer in the shop system: the largest channel.
pub(super) const IN_SHOP: f64 = 0.56;
/// A customer with a point card.
pub(super) const IN_POINT_CARD: f64 = 0.55;
/// A customer with the app, by age: under 40, under 60, under 75, older (smartphone use falls with age).
pub(super) const IN_APP: [f64; 4] = [0.62, 0.52, 0.30, 0.08];
/// A customer who ever wrote to or called the support desk; each writes 1.5 tickets on average.
pub(super) const IN_SUPPORT: f64 = 0.13;
/// One more ticket after each.
pub(super) const NEXT_TICKET: f64 = 0.33;
/// Registered a second time in the same channel: forgot the first, lost the card, took part in a campaign.
pub(super) const SECOND_IN_SHOP: f64 = 0.04;
/// As above; a lost phone or a new mail means a new account.
pub(super) const SECOND_IN_APP: f64 = 0.035;
/// As above; a lost card is the usual reason.
pub(super) const SECOND_CARD: f64 = 0.05;
/// A couple that shares one card number (a family card).
pub(super) const FAMILY_CARD: f64 = 0.06;
/// An app user with a card who linked it.
pub(super) const CARD_LINKED: f64 = 0.55;
/// Of these, linked the card of the spouse.
pub(super) const SPOUSE_CARD_LINKED: f64 = 0.04;
/// A person tells a channel about a move or a new phone: shop, app, point card.
pub(super) const TELLS: [f64; 3] = [0.6, 0.5, 0.25];
/// A record that the shop exports again although nothing in it changed (a clerk opened and saved it), per export.
pub(super) const TOUCHED: f64 = 0.008;

/// A customer who was asked about the mail magazine: shop, app. Old paper forms had no such box.
pub(super) const ASKED_FOR_MAIL: [f64; 2] = [0.86, 0.95];
/// Of these, said yes: shop (a box to tick at the counter), app (a switch that is on at first).
pub(super) const WANTS_MAIL: [f64; 2] = [0.58, 0.70];
/// Of these, took it back later in this channel.
pub(super) const STOPS_MAIL: f64 = 0.18;
/// A shop customer who was asked whether advertising platforms may be given a hash of the address: the form has had that box for a few years.
pub(super) const ASKED_FOR_ADVERTISING: f64 = 0.45;
/// Of these, said yes: fewer than to mail.
pub(super) const WANTS_ADVERTISING: f64 = 0.34;
/// Of these, took it back later.
pub(super) const STOPS_ADVERTISING: f64 = 0.12;

// Life.

/// Births that are twins (statistics: about 1 %).
pub(super) const TWINS: f64 = 0.01;
/// Of twins, of the same sex.
pub(super) const TWINS_SAME_SEX: f64 = 0.64;
/// Twins whose given names have a character in common (健太 and 康太).
pub(super) const TWINS_SHARE_CHARACTER: f64 = 0.45;
/// Other brothers and sisters whose given names have a character in common.
pub(super) const SIBLINGS_SHARE_CHARACTER: f64 = 0.15;
/// Wives who took the husband's name (statistics: 95 %); in the rest the husband took hers.
pub(super) const WIFE_TAKES_NAME: f64 = 0.95;
/// Couples who are not married or keep two names in daily life.
pub(super) const TWO_NAMES: f64 = 0.02;
/// A household moves in a year, by age of its head: under 30, under 45, under 60, older (statistics: 5 % overall).
pub(super) const MOVES: [f64; 4] = [0.14, 0.07, 0.03, 0.012];
/// A person changes the mobile number in a year; rare since numbers can be carried to another company.
pub(super) const MOBILE_CHANGES: f64 = 0.022;
/// A person changes the mail address in a year: from a phone company's to a free one, or to a new provider.
pub(super) const MAIL_CHANGES: f64 = 0.04;
/// A new mobile number that a stranger had before (companies give numbers out again after some months).
pub(super) const RECYCLED: f64 = 0.10;
/// A household with a landline, by age of its head: under 40, under 60, under 75, older (statistics of the ministry).
pub(super) const LANDLINE: [f64; 4] = [0.06, 0.45, 0.80, 0.92];
/// An adult with a mobile phone, under 75 and older.
pub(super) const MOBILE: [f64; 2] = [0.97, 0.72];
/// A couple that uses one mail address between them.
pub(super) const SHARED_MAIL: f64 = 0.06;
/// An adult with a mail address that is given to shops, under 60, under 75, older.
pub(super) const MAIL: [f64; 3] = [0.93, 0.68, 0.35];
/// A family that writes its name with the old form of a character where one exists; the share is per character in
/// `spelling.rs`, this is the share of those who also write it so in a form on a screen.
pub(super) const WRITES_OLD_FORM: f64 = 0.65;

// What is left out or wrong.

/// Birth date not asked: shop, app, point card.
pub(super) const NO_BIRTH: [f64; 3] = [0.10, 0.16, 0.05];
/// Birth date 1900-01-01, because the till wants one.
pub(super) const DEFAULT_BIRTH: f64 = 0.015;
/// Sex not asked: shop, app, point card.
pub(super) const NO_SEX: [f64; 3] = [0.12, 0.30, 0.06];
/// A clerk's wrong sex.
pub(super) const WRONG_SEX: f64 = 0.004;
/// Phone left out: shop, app, point card.
pub(super) const NO_PHONE: [f64; 3] = [0.05, 0.30, 0.08];
/// Phone 0000000000, because the till wants one.
pub(super) const DEFAULT_PHONE: f64 = 0.008;
/// A clerk enters the store's own number.
pub(super) const STORE_PHONE: f64 = 0.004;
/// Where a household has a landline, it is given rather than the mobile: shop, point card (paper forms).
pub(super) const GIVES_LANDLINE: [f64; 2] = [0.22, 0.40];
/// Mail left out: shop, point card; the app needs one.
pub(super) const NO_MAIL: [f64; 2] = [0.25, 0.75];
/// Mail aaa@example.com and the like.
pub(super) const DEFAULT_MAIL: f64 = 0.005;
/// A slip in a mail's domain (gmial.com), where it was typed by hand.
pub(super) const MAIL_SLIP: f64 = 0.006;
/// Address left out: shop, app, point card.
pub(super) const NO_ADDRESS: [f64; 3] = [0.03, 0.45, 0.04];
/// A kana slip, a kanji of the same sound, a doubled or dropped sign in a name.
pub(super) const NAME_SLIP: f64 = 0.008;
/// A wrong digit in a birth date typed from paper (day, month or year).
pub(super) const BIRTH_SLIP: f64 = 0.006;
/// Day and month changed places.
pub(super) const DAY_MONTH_SLIP: f64 = 0.003;
/// The year of the era counted wrongly by one.
pub(super) const ERA_SLIP: f64 = 0.006;
/// A wrong or swapped digit in a phone number.
pub(super) const PHONE_SLIP: f64 = 0.005;
/// A wrong digit in a postal code or house number.
pub(super) const ADDRESS_SLIP: f64 = 0.008;
/// The building's name is left out, though the room may stay.
pub(super) const NO_BUILDING: f64 = 0.16;
/// The prefecture is left out, because everyone there knows.
pub(super) const NO_PREFECTURE: f64 = 0.13;
/// A customer of the shop system written as a company with the person behind it.
pub(super) const COMPANY: f64 = 0.004;
/// The family name in one field and the given name missing.
pub(super) const NO_GIVEN: f64 = 0.004;
/// A person who writes long vowels with a bar (オーノ).
pub(super) const LONG_VOWEL_BAR: f64 = 0.02;
/// A reading taken by ear, so that ヅ becomes ズ.
pub(super) const HEARD: f64 = 0.25;
/// The spouse's mobile is given instead of the own one.
pub(super) const SPOUSE_PHONE: f64 = 0.015;
/// Reading left out in the shop system.
pub(super) const NO_KANA: f64 = 0.12;
/// Family and given name in each other's field (app).
pub(super) const SWAPPED: f64 = 0.004;
/// Latin letters instead of a Japanese name (app).
pub(super) const ROMAN: f64 = 0.035;
/// A point-card record that has the kanji name too; most have katakana only.
pub(super) const CARD_KANJI: f64 = 0.22;

// Tickets.

/// How a ticket comes in, in percent: a call, a form or mail, a word at a store's counter.
pub(super) const TICKET_COMES: [u32; 3] = [53, 40, 7];
/// What is known of the sender then: phone, mail. A call shows its number; a form wants a mail address.
pub(super) const TICKET_KNOWS: [[f64; 2]; 3] = [[0.93, 0.12], [0.42, 0.97], [0.50, 0.10]];
/// The sender gives a member number.
pub(super) const TICKET_NUMBER: f64 = 0.50;
/// The member number is the card's although the shop's was asked.
pub(super) const TICKET_CARD_NUMBER: f64 = 0.35;
/// The member number is mistyped.
pub(super) const TICKET_NUMBER_SLIP: f64 = 0.07;

// Facts: mean per record over the whole span, before the end of a person's custom. Together about six per
// record, or twelve per person.

/// Orders of a shop record; each has about two lines.
pub(super) const ORDERS: f64 = 7.4;
/// Transactions of a card.
pub(super) const TRANSACTIONS: f64 = 14.2;
/// Events of an app user.
pub(super) const EVENTS: f64 = 15.4;
/// Mean days until a customer of the chain drifts away (about three years).
pub(super) const STAYS_DAYS: f64 = 1100.0;
