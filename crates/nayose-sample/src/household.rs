//! A household: who lives together, how they are related, and what they share.
//!
//! In: the seed and the household's number. Out: its members with their time lines. A household depends on nothing else, so
//! that it can be made again at any time, for instance to learn which number somebody gave up.

use super::calendar::{Day, END};
use super::contact::Phone;
use super::draw::{Draw, Purpose};
use super::families::settle;
use super::life::{Residence, Timeline};
use super::lists::Lists;
use super::rates;

/// A family name as the register has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FamilyName {
    pub(super) kanji: String,
    pub(super) kana: &'static str,
}

/// A member of a household.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Household number × 8 + place in the household.
    pub(super) serial: u64,
    pub(super) female: bool,
    pub(super) birth: Day,
    pub(super) given: String,
    pub(super) given_kana: &'static str,
    pub(super) families: Timeline<FamilyName>,
    pub(super) homes: Timeline<Residence>,
    pub(super) mobiles: Timeline<Option<Phone>>,
    pub(super) mails: Timeline<Option<String>>,
    /// Place of the spouse in the household.
    pub(super) spouse: Option<usize>,
    /// Place of the parent whose phone is given for a child.
    pub(super) parent: Option<usize>,
    /// Uses the spouse's point card.
    pub(super) family_card: bool,
}

impl Person {
    /// Age on the last day of the data.
    pub(super) fn age(&self) -> i32 {
        self.birth.years_to(END)
    }
}

/// People who live together on the last day of the data.
#[derive(Clone, Debug)]
pub(super) struct Household {
    pub(super) number: u64,
    pub(super) members: Vec<Person>,
}

/// The most members that a household has; the place after them is for test records.
pub(super) const PLACES: u64 = 8;
pub(super) const MOST: usize = 7;

/// Makes households.
pub(super) struct Maker<'a> {
    pub(super) lists: &'a Lists,
    pub(super) seed: u64,
}

impl Maker<'_> {
    /// The household with this number.
    pub(super) fn household(&self, number: u64) -> Household {
        let mut household = self.natural(number);
        self.recycle(&mut household);
        household
    }

    /// The household as if no number were ever given out twice.
    fn natural(&self, number: u64) -> Household {
        Household { number, members: settle(self.lists, self.seed, number) }
    }

    /// Lets some new mobile numbers be old numbers of strangers, given up half a year before or earlier.
    fn recycle(&self, household: &mut Household) {
        let mut draw = Draw::new(self.seed, Purpose::Household, household.number).fork(40);
        for person in &mut household.members {
            for place in 1..person.mobiles.0.len() {
                if !draw.chance(rates::RECYCLED) {
                    continue;
                }
                let taken = person.mobiles.0[place].0;
                for _ in 0..8 {
                    let back = 1 + u64::from(draw.below(5000));
                    let Some(other) = household.number.checked_sub(back) else { continue };
                    if let Some(phone) = self.given_up(other, taken.plus(-180)) {
                        person.mobiles.0[place].1 = Some(phone);
                        break;
                    }
                }
            }
        }
    }

    fn given_up(&self, household: u64, before: Day) -> Option<Phone> {
        let household = self.natural(household);
        let mut old = household.members.iter().filter_map(|person| {
            let [(_, first), (until, _), ..] = &person.mobiles.0[..] else { return None };
            (*until < before).then(|| first.clone()).flatten()
        });
        old.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: u64) -> Vec<Household> {
        let lists = Lists::load().expect("the embedded lists parse");
        let maker = Maker { lists: &lists, seed: 9 };
        (0..count).map(|number| maker.household(number)).collect()
    }

    #[test]
    fn members_share_what_families_share() {
        for household in some(500) {
            assert!((1..=MOST).contains(&household.members.len()));
            let address = &household.members[0].homes.now().address;
            for person in &household.members {
                assert_eq!(&person.homes.now().address, address, "one home on the last day");
                assert!(person.birth < END);
                if let Some(parent) = person.parent {
                    let parent = &household.members[parent];
                    assert_eq!(person.families.now(), household.members[0].families.now());
                    assert!(parent.birth.years_to(person.birth) >= 17);
                }
            }
        }
    }

    #[test]
    fn most_couples_have_one_name_and_some_wives_had_another() {
        let (mut couples, mut one, mut changed) = (0, 0, 0);
        for household in some(2000) {
            for person in household.members.iter().filter(|person| person.female && person.spouse.is_some()) {
                let spouse = &household.members[person.spouse.expect("has one")];
                couples += 1;
                one += i32::from(person.families.now() == spouse.families.now());
                changed += i32::from(person.families.0.len() > 1);
            }
        }
        assert!(one * 100 > couples * 95 && one < couples);
        assert!(changed * 100 > couples * 75);
    }

    #[test]
    fn numbers_are_given_out_again() {
        let households = some(4000);
        let mut numbers = std::collections::BTreeMap::new();
        for household in &households {
            for person in &household.members {
                for (_, phone) in &person.mobiles.0 {
                    if let Some(phone) = phone {
                        numbers.entry(phone.plain().to_string()).or_insert_with(Vec::new).push(household.number);
                    }
                }
            }
        }
        assert!(numbers.values().any(|owners| owners.len() > 1));
    }
}
