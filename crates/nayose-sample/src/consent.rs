//! Whether a customer wants a channel's mail magazine: asked at registration, and taken back by some.
//!
//! In: a registration. Out: the answer on a day and since when. The draws are a stream of their own, so that nothing else depends on
//! them.

use super::calendar::{Day, END};
use super::draw::{Draw, Purpose};
use super::rates;
use super::record::Registration;

/// What a customer told a channel about its mail magazine.
pub(super) struct MailConsent {
    asked: Option<(Day, bool)>,
    stopped: Option<Day>,
}

impl MailConsent {
    /// The answers of a registration in a channel: 0 shop, 1 app.
    pub(super) fn draw(seed: u64, channel: usize, registration: Registration) -> Self {
        let mut draw = Draw::new(seed, Purpose::Consent, registration.serial * 4 + channel as u64);
        let asked = draw.chance(rates::ASKED_FOR_MAIL[channel]);
        let wants = draw.chance(rates::WANTS_MAIL[channel]);
        let stops = draw.chance(rates::STOPS_MAIL);
        let day = Day(draw.between(registration.day.0 + 1, END.0));
        MailConsent {
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
