//! Who forms a household: singles, couples, parents and children, three generations, sisters, friends.
//!
//! In: the household's draws. Out: its members, with ages, names and homes that fit each other.

use super::calendar::{Day, END};
use super::draw::{Draw, Purpose};
use super::household::{FamilyName, MOST, PLACES, Person};
use super::life::{EVER, Residence, Serials, Timeline, homes, mails, mobiles, residence};
use super::lists::{Family, Given, Lists};
use super::rates;
use super::spelling::registered;

/// The members of the household with this number.
pub(super) fn settle(lists: &Lists, seed: u64, number: u64) -> Vec<Person> {
    let draw = Draw::new(seed, Purpose::Household, number);
    let serials = Serials { seed, household: number, landlines: 0 };
    let mut site = Site { lists, seed, draw, serials, members: Vec::new() };
    site.settle(number);
    site.members
}

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

/// A household in the making.
struct Site<'a> {
    lists: &'a Lists,
    seed: u64,
    draw: Draw,
    serials: Serials,
    members: Vec<Person>,
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

    fn person(
        &mut self,
        female: bool,
        birth: Day,
        families: Timeline<FamilyName>,
        homes: Timeline<Residence>,
    ) -> usize {
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
    fn children(
        &mut self,
        count: i32,
        parent_birth: Day,
        parent: usize,
        family: &FamilyName,
        homes: &Timeline<Residence>,
    ) {
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
        let others: Vec<String> = self.members.iter().map(|person| person.given.clone()).collect();
        let twin = self.members.last().is_some_and(|last| last.birth == birth);
        let share = if twin { rates::TWINS_SHARE_CHARACTER } else { rates::SIBLINGS_SHARE_CHARACTER };
        let wanted = self.members.last().filter(|last| last.spouse.is_none()).map(|last| last.given.clone());
        let wanted = wanted.filter(|_| self.draw.chance(share));
        let place = self.person(female, birth, Timeline::constant(family.clone()), homes.clone());
        // Parents do not give one name twice, and like names that go together.
        for _ in 0..60 {
            let own = &self.members[place].given;
            let fits = wanted.as_ref().is_none_or(|wanted| own.chars().any(|char| wanted.contains(char)));
            if fits && !others.contains(own) {
                break;
            }
            let Given { kanji, kana } = self.lists.given(&mut self.draw, female, birth.date().0);
            self.members[place].given = kanji.to_string();
            self.members[place].given_kana = kana;
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
