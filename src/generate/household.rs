//! A household: who lives together, how they are related, and what they share.
//!
//! In: the seed and the household's number. Out: its members with their time lines. A household depends on nothing else, so
//! that it can be made again at any time, for instance to learn which number somebody gave up.

use super::calendar::{Day, END};
use super::contact::Phone;
use super::draw::{Draw, Purpose};
use super::life::{EVER, Residence, Serials, Timeline, homes, mails, mobiles, residence};
use super::lists::{Family, Given, Lists};
use super::rates;
use super::spelling::registered;

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
const MOST: usize = 7;

/// Kinds of household, with the share of each in thousandths (census, tilted to those who shop).
const KINDS: [(Kind, u32); 10] = [
    (Kind::SingleYoung, 190),
    (Kind::SingleMiddle, 90),
    (Kind::SingleElder, 110),
    (Kind::YoungCouple, 90),
    (Kind::ElderCouple, 140),
    (Kind::CoupleWithChildren, 250),
    (Kind::SingleParent, 60),
    (Kind::ThreeGenerations, 45),
    (Kind::Siblings, 15),
    (Kind::Flatmates, 10),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    SingleYoung,
    SingleMiddle,
    SingleElder,
    YoungCouple,
    ElderCouple,
    CoupleWithChildren,
    SingleParent,
    ThreeGenerations,
    Siblings,
    Flatmates,
}

/// Makes households.
pub(super) struct Maker<'a> {
    pub(super) lists: &'a Lists,
    pub(super) seed: u64,
}

/// A household in the making.
struct Site<'a> {
    lists: &'a Lists,
    seed: u64,
    draw: Draw,
    serials: Serials,
    members: Vec<Person>,
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
        let draw = Draw::new(self.seed, Purpose::Household, number);
        let serials = Serials { seed: self.seed, household: number, landlines: 0 };
        let mut site = Site { lists: self.lists, seed: self.seed, draw, serials, members: Vec::new() };
        site.settle(number);
        Household { number, members: site.members }
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

impl Site<'_> {
    fn settle(&mut self, number: u64) {
        let weights: Vec<u32> = KINDS.iter().map(|(_, weight)| *weight).collect();
        match KINDS[self.draw.by_weight(&weights)].0 {
            Kind::SingleYoung => self.single(19, 34),
            Kind::SingleMiddle => self.single(35, 64),
            Kind::SingleElder => self.single(65, 90),
            Kind::YoungCouple => drop(self.couple(24, 44, 0)),
            Kind::ElderCouple => drop(self.couple(50, 84, 0)),
            Kind::CoupleWithChildren => drop(self.couple(28, 57, 1)),
            Kind::SingleParent => self.single_parent(),
            Kind::ThreeGenerations => self.three_generations(),
            Kind::Siblings => self.siblings(),
            Kind::Flatmates => self.flatmates(),
        }
        self.members.truncate(MOST);
        self.number_members(number);
    }

    /// Serials, numbers and mails come last, when everybody's place is known.
    fn number_members(&mut self, number: u64) {
        for place in 0..self.members.len() {
            let serial = number * PLACES + place as u64;
            let person = &self.members[place];
            let married = person.families.0.get(1).map(|(day, _)| *day);
            let family = person.families.0[0].1.kana;
            let (birth, given) = (person.birth, person.given_kana);
            let mobiles = mobiles(&mut self.draw, self.seed, serial, birth);
            let mails = mails(&mut self.draw, [family, given], birth, married);
            let person = &mut self.members[place];
            person.serial = serial;
            person.mobiles = mobiles;
            person.mails = mails;
        }
        for place in 0..self.members.len() {
            let Some(spouse) = self.members[place].spouse.filter(|spouse| *spouse > place) else { continue };
            if self.draw.chance(rates::SHARED_MAIL) {
                self.members[spouse].mails = self.members[place].mails.clone();
            }
            self.members[spouse].family_card = self.draw.chance(rates::FAMILY_CARD);
        }
    }

    fn birth(&mut self, age: i32) -> Day {
        END.plus(-(age * 1461 / 4) - self.draw.between(1, 365))
    }

    fn family(&mut self) -> FamilyName {
        let Family { kanji, kana } = self.lists.family(&mut self.draw);
        FamilyName { kanji: registered(kanji, &mut self.draw), kana }
    }

    fn person(&mut self, female: bool, birth: Day, families: Timeline<FamilyName>, homes: Timeline<Residence>) -> usize {
        let Given { kanji, kana } = self.lists.given(&mut self.draw, female, birth.date().0);
        let given = registered(kanji, &mut self.draw);
        self.members.push(Person {
            serial: 0,
            female,
            birth,
            given,
            given_kana: kana,
            families,
            homes,
            mobiles: Timeline::constant(None),
            mails: Timeline::constant(None),
            spouse: None,
            parent: None,
            family_card: false,
        });
        self.members.len() - 1
    }

    fn homes(&mut self, formed: Day, head: Day) -> Timeline<Residence> {
        homes(self.lists, &mut self.draw, &mut self.serials, formed, head)
    }

    /// Before a household was formed, each of its founders lived elsewhere, mostly with parents.
    fn with_earlier_home(&mut self, homes: &Timeline<Residence>, formed: Day) -> Timeline<Residence> {
        if formed <= rates::OPENED {
            return homes.clone();
        }
        let city = if self.draw.chance(0.5) { homes.0[0].1.address.city } else { self.lists.city(&mut self.draw) };
        let earlier = residence(self.lists, &mut self.draw, &mut self.serials, city, 52);
        let mut all = homes.0.clone();
        all[0].0 = formed;
        all.insert(0, (EVER, earlier));
        Timeline(all)
    }

    fn single(&mut self, youngest: i32, oldest: i32) {
        let age = self.draw.between(youngest, oldest);
        let birth = self.birth(age);
        let formed = birth.plus(self.draw.between(18, 26).min(age) * 365);
        let homes = self.homes(formed, birth);
        let homes = self.with_earlier_home(&homes, formed);
        let family = self.family();
        let female = self.draw.chance(if age >= 65 { 0.66 } else { 0.47 });
        self.person(female, birth, Timeline::constant(family), homes);
    }

    /// A couple whose wife is of that age; `children` is 1 if they have some.
    fn couple(&mut self, youngest: i32, oldest: i32, children: u32) -> (FamilyName, Timeline<Residence>) {
        let age = self.draw.between(youngest, oldest);
        let wife = self.birth(age);
        let husband = wife.plus(-self.draw.between(-1200, 2600));
        let husband = if husband.years_to(END) < 19 { wife } else { husband };
        let at = self.draw.between(22, 36).min(age);
        let formed = wife.plus(at * 365 + self.draw.between(0, 364)).min(END.plus(-20));
        let homes = self.homes(formed, husband.min(wife));
        let (his, hers) = (self.family(), self.family());
        let two = self.draw.chance(rates::TWO_NAMES);
        let takes_his = self.draw.chance(rates::WIFE_TAKES_NAME);
        let families = |own: &FamilyName, other: &FamilyName, takes: bool| {
            if two || !takes {
                Timeline::constant(own.clone())
            } else {
                Timeline(vec![(EVER, own.clone()), (formed, other.clone())])
            }
        };
        let (his_names, her_names) = (families(&his, &hers, !takes_his), families(&hers, &his, takes_his));
        let his_homes = self.with_earlier_home(&homes, formed);
        let her_homes = self.with_earlier_home(&homes, formed);
        let man = self.person(false, husband, his_names, his_homes);
        let woman = self.person(true, wife, her_names, her_homes);
        self.members[man].spouse = Some(woman);
        self.members[woman].spouse = Some(man);
        let shared = if takes_his { his } else { hers };
        if children > 0 {
            let count = [1, 2, 3, 4][self.draw.by_weight(&[42, 42, 13, 3])];
            self.children(count, wife, woman, &shared, &homes);
        }
        (shared, homes)
    }

    /// Children still at home, of a mother (or father) of that birth.
    fn children(&mut self, count: i32, parent_birth: Day, parent: usize, family: &FamilyName, homes: &Timeline<Residence>) {
        let latest = END.plus(-30);
        let mut birth = parent_birth.plus(self.draw.between(24, 36) * 365 + self.draw.between(0, 364)).min(latest);
        for _ in 0..count {
            // Those who are older than that have left home.
            if birth.years_to(END) <= 29 && birth <= latest && self.members.len() < MOST {
                let female = self.draw.chance(0.487);
                self.child(female, birth, parent, family, homes);
                if self.draw.chance(rates::TWINS) && self.members.len() < MOST {
                    let other = if self.draw.chance(rates::TWINS_SAME_SEX) { female } else { !female };
                    self.child(other, birth, parent, family, homes);
                }
            }
            birth = birth.plus(self.draw.between(400, 1500));
        }
    }

    fn child(&mut self, female: bool, birth: Day, parent: usize, family: &FamilyName, homes: &Timeline<Residence>) {
        let siblings: Vec<String> = self.members.iter().map(|person| person.given.clone()).collect();
        let place = self.person(female, birth, Timeline::constant(family.clone()), homes.clone());
        // Parents do not give one name twice.
        let mut tries = 0;
        while siblings.contains(&self.members[place].given) && tries < 8 {
            let Given { kanji, kana } = self.lists.given(&mut self.draw, female, birth.date().0);
            self.members[place].given = kanji.to_string();
            self.members[place].given_kana = kana;
            tries += 1;
        }
        self.members[place].parent = Some(parent);
    }

    fn single_parent(&mut self) {
        let age = self.draw.between(29, 58);
        let female = self.draw.chance(0.87);
        let birth = self.birth(age);
        let formed = END.plus(-self.draw.between(200, 5500));
        let homes = self.homes(formed, birth);
        let parent_homes = self.with_earlier_home(&homes, formed);
        let family = self.family();
        // Some went back to the name they were born with when the household was formed.
        let names = if female && self.draw.chance(0.45) {
            Timeline(vec![(EVER, self.family()), (formed, family.clone())])
        } else {
            Timeline::constant(family.clone())
        };
        let parent = self.person(female, birth, names, parent_homes);
        let count = [1, 2, 3][self.draw.by_weight(&[55, 36, 9])];
        self.children(count, birth, parent, &family, &homes);
    }

    fn three_generations(&mut self) {
        let (family, homes) = self.couple(31, 52, 1);
        let husband = self.members[0].birth;
        let female_first = self.draw.chance(0.8);
        let elder = husband.plus(-self.draw.between(23, 34) * 365);
        if elder.years_to(END) > 95 {
            return;
        }
        let first = self.person(female_first, elder, Timeline::constant(family.clone()), homes.clone());
        if self.draw.chance(0.5) && self.members.len() < MOST {
            let other = elder.plus(self.draw.between(-1500, 1500));
            let second = self.person(!female_first, other, Timeline::constant(family), homes);
            self.members[first].spouse = Some(second);
            self.members[second].spouse = Some(first);
        }
    }

    /// Grown-up brothers and sisters; one pair in a hundred is twins.
    fn siblings(&mut self) {
        let age = self.draw.between(20, 58);
        let birth = self.birth(age);
        let homes = self.homes(birth.plus(18 * 365), birth);
        let family = self.family();
        let count = self.draw.between(2, 3);
        let mut day = birth;
        for place in 0..count {
            let female = self.draw.chance(0.5);
            self.child(female, day, 0, &family, &homes);
            self.members[place as usize].parent = None;
            day = if self.draw.chance(rates::TWINS) { day } else { day.plus(self.draw.between(400, 1600)) };
        }
    }

    /// Friends who share a flat and nothing else.
    fn flatmates(&mut self) {
        let age = self.draw.between(20, 32);
        let birth = self.birth(age);
        let formed = END.plus(-self.draw.between(100, 1500));
        let homes = self.homes(formed, birth);
        let female = self.draw.chance(0.5);
        for _ in 0..2 {
            let day = birth.plus(self.draw.between(-900, 900));
            let family = self.family();
            self.person(female, day, Timeline::constant(family), homes.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: u64) -> Vec<Household> {
        let lists = Lists::load().unwrap();
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
                let spouse = &household.members[person.spouse.unwrap()];
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
