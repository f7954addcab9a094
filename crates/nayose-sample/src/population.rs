//! The people of the data: households one after the other, who is registered where, and the truth.
//!
//! In: the options. Out: all records of all customers, written channel by channel as the households pass; nothing is kept
//! but one batch.

use std::path::Path;

use super::app::{self, App};
use super::calendar::{Day, END};
use super::crm::{AppRecord, CardRecord, Crm, Customer, ShopRecord, Ticket};
use super::draw::{Draw, Purpose, mix};
use super::household::{Household, Maker, PLACES, Person};
use super::lists::Lists;
use super::output::FileCounts;
use super::pointcard::{self, PointCard};
use super::rates;
use super::record::Registration;
use super::shop::{self, Shop};
use super::support::{self, Known, Support};
use super::truth::Truth;
use super::{Options, Summary};
use crate::error::Result;

/// Households between two writes: a balance of memory and of how far rows are put in order.
const BATCH: u64 = 20_000;

/// Where a person is registered.
#[derive(Default)]
struct Membership {
    shop: Vec<Registration>,
    app: Vec<Registration>,
    card: Vec<Registration>,
    tickets: u64,
}

impl Membership {
    fn is_empty(&self) -> bool {
        self.shop.is_empty() && self.app.is_empty() && self.card.is_empty() && self.tickets == 0
    }
}

/// All files of a run.
struct World<'a> {
    seed: u64,
    shop: Shop<'a>,
    app: App<'a>,
    card: PointCard<'a>,
    support: Support,
    crm: Crm,
    truth: Truth,
    summary: Summary,
}

/// Writes all files but the manifest.
pub(super) fn write(options: &Options, out: &Path) -> Result<Summary> {
    let lists = Lists::load()?;
    // Seeds that differ by one shall not share a stream.
    let seed = mix(options.seed.wrapping_add(0x9E37_79B9_7F4A_7C15));
    let maker = Maker { lists: &lists, seed };
    let mut world = World {
        seed,
        shop: Shop::create(out, &lists, seed)?,
        app: App::create(out, &lists, seed)?,
        card: PointCard::create(out, &lists, seed, options.people)?,
        support: Support::create(out, seed)?,
        crm: Crm::create(out, &lists, seed, options.people)?,
        truth: Truth::create(out)?,
        summary: Summary { people: 0, seed: options.seed, ..Summary::default() },
    };
    let mut number = 0;
    while world.summary.people < options.people {
        let household = maker.household(number);
        world.household(&household, options.people)?;
        number += 1;
        if number % BATCH == 0 {
            world.flush()?;
        }
    }
    world.close()
}

impl<'a> World<'a> {
    fn household(&mut self, household: &Household, most: u64) -> Result<()> {
        let members: Vec<Membership> = household.members.iter().map(|person| self.membership(person)).collect();
        let cards: Vec<Vec<String>> = (0..members.len()).map(|place| self.cards(household, &members, place)).collect();
        let (mut counted, mut customers) = (false, Vec::new());
        for (place, (person, membership)) in household.members.iter().zip(&members).enumerate() {
            if membership.is_empty() || self.summary.people == most {
                continue;
            }
            self.summary.people += 1;
            self.summary.households += u64::from(!counted);
            counted = true;
            customers.push(self.person(household, person, membership, &cards, place)?);
        }
        self.crm.household(household.number, &customers)?;
        let test = household.number * PLACES + PLACES - 1;
        if counted && Draw::new(self.seed, Purpose::Test, test).fork(1).chance(rates::TEST_RECORD * 1.9) {
            self.shop.test_record(test * 2);
            self.truth.add("shop", &shop::number(self.seed, test * 2), test, None);
            self.summary.test_records += 1;
        }
        Ok(())
    }

    fn person(
        &mut self,
        household: &Household,
        person: &Person,
        membership: &Membership,
        cards: &[Vec<String>],
        place: usize,
    ) -> Result<Customer<'a>> {
        let seed = self.seed;
        let mut known = Known { shop: Vec::new(), card: cards[place].clone() };
        let mut customer = Customer { place, spouse: person.spouse, ..Customer::default() };
        let mut add =
            |channel: &'static str, id: &str| self.truth.add(channel, id, person.serial, Some(household.number));
        for registration in &membership.shop {
            let orders = self.shop.record(household, person, *registration);
            let id = shop::number(seed, registration.serial);
            add("shop", &id);
            known.shop.push(id.clone());
            customer.shops.push(ShopRecord { registration: *registration, id, orders });
        }
        for registration in &membership.app {
            let mut draw = Draw::new(seed, Purpose::Membership, person.serial).fork(2);
            let spouse = person
                .spouse
                .and_then(|spouse| cards[spouse].last())
                .filter(|_| draw.chance(rates::SPOUSE_CARD_LINKED));
            let card = spouse.or(cards[place].last()).filter(|_| draw.chance(rates::CARD_LINKED));
            let push = self.app.record(household, person, *registration, card.map(String::as_str))?;
            let id = app::number(seed, registration.serial);
            add("app", &id);
            customer.apps.push(AppRecord { registration: *registration, id, push });
        }
        for (registration, card) in membership.card.iter().zip(&cards[place]) {
            let sales = self.card.record(household, person, *registration, card);
            let id = pointcard::number(seed, registration.serial);
            add("pointcard", &id);
            customer.cards.push(CardRecord { registration: *registration, id, card: card.clone(), sales });
        }
        for ticket in 0..membership.tickets {
            let serial = person.serial * 8 + ticket;
            let moment = self.support.record(household, person, serial, &known);
            let id = support::number(seed, serial);
            add("support", &id);
            customer.tickets.push(Ticket { serial, id, moment });
        }
        let summary = &mut self.summary;
        summary.shop_customers += membership.shop.len() as u64;
        summary.app_users += membership.app.len() as u64;
        summary.card_members += membership.card.len() as u64;
        summary.tickets += membership.tickets;
        Ok(customer)
    }

    /// The card numbers of a member: one for each registration, or the spouse's where the card is the family's.
    fn cards(&self, household: &Household, members: &[Membership], place: usize) -> Vec<String> {
        let person = &household.members[place];
        let own = |membership: &Membership| -> Vec<String> {
            membership.card.iter().map(|registration| pointcard::card_number(self.seed, registration.serial)).collect()
        };
        let mut cards = own(&members[place]);
        let family = person.spouse.filter(|_| person.family_card).and_then(|spouse| own(&members[spouse]).pop());
        if let (Some(family), Some(first)) = (family, cards.first_mut()) {
            *first = family;
        }
        cards
    }

    /// Where a member is registered; nowhere, if not a customer.
    fn membership(&self, person: &Person) -> Membership {
        let mut draw = Draw::new(self.seed, Purpose::Membership, person.serial);
        let age = person.age();
        let mut membership = Membership::default();
        if age < 18 {
            if age >= 6 && draw.chance(rates::CHILD_IS_CUSTOMER) {
                membership.card = self.registrations(person, &mut draw, 3, rates::OPENED, 0.0);
            }
            if age >= 15 && draw.chance(0.4) {
                membership.app = self.registrations(person, &mut draw, 15, rates::APP_OPENED, 0.0);
            }
            return membership;
        }
        if !draw.chance(rates::ADULT_IS_CUSTOMER) {
            return membership;
        }
        let app = match age {
            ..=39 => rates::IN_APP[0],
            40..=59 => rates::IN_APP[1],
            60..=74 => rates::IN_APP[2],
            _ => rates::IN_APP[3],
        };
        if draw.chance(rates::IN_SHOP) {
            membership.shop = self.registrations(person, &mut draw, 16, rates::OPENED, rates::SECOND_IN_SHOP);
        }
        // The app needs a mail address.
        if draw.chance(app) && person.mails.now().is_some() {
            membership.app = self.registrations(person, &mut draw, 15, rates::APP_OPENED, rates::SECOND_IN_APP);
        }
        if draw.chance(rates::IN_POINT_CARD) {
            membership.card = self.registrations(person, &mut draw, 10, rates::OPENED, rates::SECOND_CARD);
        }
        if draw.chance(rates::IN_SUPPORT) {
            membership.tickets = 1;
            while membership.tickets < 5 && draw.chance(rates::NEXT_TICKET) {
                membership.tickets += 1;
            }
        }
        membership
    }

    /// A registration after the age of `age` and after the channel opened; rarely a second one.
    fn registrations(&self, person: &Person, draw: &mut Draw, age: i32, opened: Day, second: f64) -> Vec<Registration> {
        let first = opened.max(person.birth.plus(age * 366)).min(END.plus(-1));
        // A growing chain: of two days the later one, every other time.
        let (a, b) = (draw.between(first.0, END.0 - 1), draw.between(first.0, END.0 - 1));
        let day = Day(if draw.chance(0.5) { a.max(b) } else { a });
        let mut all = vec![Registration { serial: person.serial * 2, day }];
        if draw.chance(second) {
            all.push(Registration { serial: person.serial * 2 + 1, day: Day(draw.between(day.0 + 1, END.0)) });
        }
        all
    }

    fn flush(&mut self) -> Result<()> {
        self.shop.flush()?;
        self.app.flush()?;
        self.card.flush()?;
        self.support.flush()?;
        self.crm.flush()?;
        self.truth.flush()
    }

    fn close(self) -> Result<Summary> {
        let mut summary = self.summary;
        let truth: FileCounts = self.truth.close()?;
        let parts = [
            self.shop.close()?,
            self.app.close()?,
            self.card.close()?,
            self.support.close()?,
            self.crm.close()?,
            vec![truth],
        ];
        summary.files = parts.into_iter().flatten().collect();
        summary.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(summary)
    }
}
