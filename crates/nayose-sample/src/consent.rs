//! Whether a customer wants a channel's mail magazine, and lets the shop show advertising elsewhere: asked at registration, and taken back
//! by some.
//!
//! In: a registration. Out: the answer on a day and since when. The draws are a stream of their own, so that nothing else depends on
//! them.

use super::calendar::{Day, END};
use super::draw::{Draw, Purpose};
use super::rates;
use super::record::Registration;

/// What a customer told a channel.
pub(super) struct Consent {
    asked: Option<(Day, bool)>,
    stopped: Option<Day>,
}

impl Consent {
    /// The answers about the mail magazine of a registration in a channel: 0 shop, 1 app.
    pub(super) fn to_mail(seed: u64, channel: usize, registration: Registration) -> Self {
        let shares = [rates::ASKED_FOR_MAIL[channel], rates::WANTS_MAIL[channel], rates::STOPS_MAIL];
        Self::draw(seed, channel as u64, registration, shares)
    }

    /// The answers about advertising of a registration in the shop.
    pub(super) fn to_advertising(seed: u64, registration: Registration) -> Self {
        let shares = [rates::ASKED_FOR_ADVERTISING, rates::WANTS_ADVERTISING, rates::STOPS_ADVERTISING];
        Self::draw(seed, 2, registration, shares)
    }

    /// The answers to one of four questions: shares of who was asked, who of them said yes, and who of those took it back.
    fn draw(seed: u64, question: u64, registration: Registration, shares: [f64; 3]) -> Self {
        let mut draw = Draw::new(seed, Purpose::Consent, registration.serial * 4 + question);
        let [asked, wants, stops] = shares.map(|share| draw.chance(share));
        let day = Day(draw.between(registration.day.0 + 1, END.0));
        Consent {
            asked: asked.then_some((registration.day, wants)),
            stopped: (asked && wants && stops && day <= END).then_some(day),
        }
    }

    /// The answer that holds on a day, and the day on which it was given.
    pub(super) fn on(&self, day: Day) -> Option<(Day, bool)> {
        match self.stopped {
            Some(stopped) if stopped <= day => Some((stopped, false)),
            _ => self.asked,
        }
    }
}
