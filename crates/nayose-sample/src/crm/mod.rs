//! Facts of other systems of the chain: details of orders, coupons, messages, the web, contracts, registrations, coins, the club.
//!
//! In: the customers of a household with what the four channels wrote of them. Out: files below `crm/`. All draws are streams of
//! their own, so that not one byte of the other files depends on them.

mod club;
mod coins;
mod contracts;
mod engagement;
mod messages;
mod orders;
mod rates;
mod reference;
mod registrations;
mod sheet;
mod web;

use std::path::Path;
use std::rc::Rc;

use self::club::Club;
use self::coins::Coins;
use self::contracts::Contracts;
use self::engagement::Engagement;
use self::messages::Messages;
use self::orders::OrderDetails;
use self::registrations::Registrations;
use self::web::Web;
use super::cp932::Cp932;
use super::facts::Moment;
use super::lists::Lists;
use super::output::FileCounts;
use super::pointcard::Sale;
use super::record::Registration;
use super::shop::Order;
use crate::error::Result;

/// A record of the shop system.
pub(super) struct ShopRecord<'a> {
    pub(super) registration: Registration,
    pub(super) id: String,
    pub(super) orders: Vec<Order<'a>>,
}

/// A record of the app.
pub(super) struct AppRecord {
    pub(super) registration: Registration,
    pub(super) id: String,
    /// Takes push messages.
    pub(super) push: bool,
}

/// A record of the point card.
pub(super) struct CardRecord {
    pub(super) registration: Registration,
    pub(super) id: String,
    /// The card that is used: that of the spouse, where it is the family's.
    pub(super) card: String,
    pub(super) sales: Vec<Sale>,
}

/// A ticket of the support desk.
pub(super) struct Ticket {
    pub(super) serial: u64,
    pub(super) id: String,
    pub(super) moment: Moment,
}

/// A person with all records.
#[derive(Default)]
pub(super) struct Customer<'a> {
    /// Place in the household, and that of the spouse.
    pub(super) place: usize,
    /// As above.
    pub(super) spouse: Option<usize>,
    pub(super) shops: Vec<ShopRecord<'a>>,
    pub(super) apps: Vec<AppRecord>,
    pub(super) cards: Vec<CardRecord>,
    pub(super) tickets: Vec<Ticket>,
}

/// All files below `crm/`.
pub(super) struct Crm {
    reference: Vec<FileCounts>,
    orders: OrderDetails,
    messages: Messages,
    web: Web,
    contracts: Contracts,
    registrations: Registrations,
    coins: Coins,
    club: Club,
    engagement: Engagement,
}

impl Crm {
    /// Opens all files, and writes those that no customer is in.
    pub(super) fn create(out: &Path, lists: &Lists, seed: u64, people: u64) -> Result<Self> {
        let cp932 = Rc::new(Cp932::new());
        Ok(Crm {
            reference: reference::write(out, lists, seed, people, &cp932)?,
            orders: OrderDetails::create(out, seed, &cp932)?,
            messages: Messages::create(out, seed, &cp932)?,
            web: Web::create(out, lists, seed)?,
            contracts: Contracts::create(out, seed, &cp932)?,
            registrations: Registrations::create(out, lists, seed, &cp932)?,
            coins: Coins::create(out, seed)?,
            club: Club::create(out, seed, &cp932)?,
            engagement: Engagement::create(out, seed)?,
        })
    }

    /// Writes what happened to the customers of a household.
    pub(super) fn household(&mut self, number: u64, customers: &[Customer<'_>]) -> Result<()> {
        if customers.is_empty() {
            return Ok(());
        }
        for customer in customers {
            self.orders.customer(customer, customers);
            self.messages.customer(customer);
            self.coins.customer(customer);
            self.club.customer(customer);
            self.engagement.customer(customer);
        }
        let contracts = self.contracts.household(number, customers);
        self.engagement.contracts(&contracts);
        self.registrations.household(customers);
        self.web.household(number, customers)
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.orders.flush()?;
        self.messages.flush()?;
        self.web.flush()?;
        self.contracts.flush()?;
        self.registrations.flush()?;
        self.coins.flush()?;
        self.club.flush()?;
        self.engagement.flush()
    }

    /// Closes all files.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        let parts = [
            self.orders.close()?,
            self.messages.close()?,
            self.web.close()?,
            self.contracts.close()?,
            self.registrations.close()?,
            self.coins.close()?,
            self.club.close()?,
            self.engagement.close()?,
        ];
        Ok(self.reference.into_iter().chain(parts.into_iter().flatten()).collect())
    }
}
