//! What a channel knows of a person: a record is what was told on the day of registration and on some days after.
//!
//! In: a person's time lines. Out: the record's states over time, and the text of name, phone and mail in a person's habits.

use super::calendar::Day;
use super::contact::{Phone, slip_domain};
use super::draw::Draw;
use super::errors::{slip_kana, slip_kanji};
use super::household::{FamilyName, Household, Person};
use super::life::{Residence, Timeline};
use super::rates;
use super::spelling::{barred, by_sound, common, large_kana};

/// A state of a record: which value of each time line the channel had been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) day: Day,
    family: usize,
    home: usize,
    mobile: usize,
    mail: usize,
}

/// A record made on a day, with a serial of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registration {
    pub(super) serial: u64,
    pub(super) day: Day,
}

/// The states of a record registered on `registered`, oldest first; a change is told with probability `tells`.
pub(super) fn history(person: &Person, draw: &mut Draw, registered: Day, tells: f64) -> Vec<Told> {
    let mut state = Told {
        day: registered,
        family: person.families.index_at(registered),
        home: person.homes.index_at(registered),
        mobile: person.mobiles.index_at(registered),
        mail: person.mails.index_at(registered),
    };
    let mut news: Vec<(Day, usize, usize)> = Vec::new();
    let mut tell = |kind: usize, from: Day, index: usize| {
        if from > registered && draw.chance(tells) {
            // People get round to it after some weeks.
            news.push((from.plus(draw.between(1, 90)), kind, index));
        }
    };
    each(&person.families, |from, index| tell(0, from, index));
    each(&person.homes, |from, index| tell(1, from, index));
    each(&person.mobiles, |from, index| tell(2, from, index));
    each(&person.mails, |from, index| tell(3, from, index));
    news.sort_unstable();
    let mut states = vec![state];
    for (day, kind, index) in news {
        let value = match kind {
            0 => &mut state.family,
            1 => &mut state.home,
            2 => &mut state.mobile,
            _ => &mut state.mail,
        };
        *value = (*value).max(index);
        state.day = day;
        states.push(state);
    }
    states
}

fn each<T>(line: &Timeline<T>, mut visit: impl FnMut(Day, usize)) {
    for (index, (from, _)) in line.0.iter().enumerate() {
        visit(*from, index);
    }
}

/// A person as a channel knows them.
pub(super) struct View<'a> {
    pub(super) person: &'a Person,
    pub(super) family: &'a FamilyName,
    pub(super) home: &'a Residence,
    pub(super) mobile: Option<&'a Phone>,
    spouse_mobile: Option<&'a Phone>,
    pub(super) mail: Option<&'a str>,
}

impl Told {
    /// The person in this state.
    pub(super) fn view<'a>(&self, household: &'a Household, person: &'a Person) -> View<'a> {
        let own = person.mobiles.value(self.mobile).as_ref();
        let parent = person.parent.and_then(|parent| household.members[parent].mobiles.at(self.day).as_ref());
        let married = person.spouse.filter(|_| person.homes.0.len() == 1 || self.home > 0);
        let spouse_mobile = married.and_then(|spouse| household.members[spouse].mobiles.at(self.day).as_ref());
        View {
            person,
            family: person.families.value(self.family),
            home: person.homes.value(self.home),
            mobile: own.or(parent),
            spouse_mobile,
            mail: person.mails.value(self.mail).as_deref(),
        }
    }
}

/// Names as one person writes them in one channel, without any order or space.
pub(super) struct Names {
    pub(super) family: String,
    pub(super) given: String,
    pub(super) family_kana: String,
    pub(super) given_kana: String,
}

/// The names of a view, with the habits and slips of this record.
pub(super) fn names(view: &View<'_>, draw: &mut Draw) -> Names {
    let old_form = draw.chance(rates::WRITES_OLD_FORM);
    let (bar, heard) = (draw.chance(rates::LONG_VOWEL_BAR), draw.chance(rates::HEARD));
    let slip = draw.chance(rates::NAME_SLIP).then(|| draw.below(4));
    let write = |name: &str| if old_form { name.to_string() } else { common(name) };
    let kana = |kana: &str| {
        let kana = if bar { barred(kana) } else { kana.to_string() };
        if heard { by_sound(&kana) } else { kana }
    };
    let mut names = Names {
        family: write(&view.family.kanji),
        given: write(&view.person.given),
        family_kana: kana(view.family.kana),
        given_kana: kana(view.person.given_kana),
    };
    match slip {
        Some(0) => names.family_kana = slip_kana(&names.family_kana, draw),
        Some(1) => names.given_kana = slip_kana(&names.given_kana, draw),
        Some(2) => names.given = slip_kanji(&names.given),
        Some(_) => names.family = slip_kanji(&names.family),
        None => {}
    }
    names
}

/// A reading as an old terminal without small kana keeps it.
pub(super) fn terminal_kana(kana: &str, large: bool) -> String {
    if large { large_kana(kana) } else { kana.to_string() }
}

/// The phone that is given: the mobile, or the landline where there is one and with that share; now and then the spouse's.
pub(super) fn phone<'a>(view: &View<'a>, draw: &mut Draw, landline: f64) -> Option<&'a Phone> {
    let (gives_landline, gives_spouse) = (draw.chance(landline), draw.chance(rates::SPOUSE_PHONE));
    let fixed = view.home.landline.as_ref();
    match view.spouse_mobile {
        _ if gives_landline && fixed.is_some() => fixed,
        Some(spouse) if gives_spouse || (view.mobile.is_none() && fixed.is_none()) => Some(spouse),
        _ => view.mobile.or(fixed),
    }
}

/// A mail address as typed on a counter's keyboard.
pub(super) fn typed_mail(mail: &str, draw: &mut Draw) -> String {
    if draw.chance(rates::MAIL_SLIP) {
        slip_domain(mail, draw)
    } else if draw.chance(0.015) {
        mail.to_uppercase()
    } else {
        mail.to_string()
    }
}

/// Mail addresses that stand for none.
pub(super) const NO_MAILS: [&str; 4] = ["aaa@example.com", "nomail@example.com", "test@example.com", "aaa@aaa.jp"];
/// Phone numbers that stand for none.
pub(super) const NO_PHONES: [&str; 4] = ["0000000000", "00000000000", "000-0000-0000", "09000000000"];
