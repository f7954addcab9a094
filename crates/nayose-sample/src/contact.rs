//! Telephone numbers and mail addresses, and how they are written.
//!
//! In: a serial number that no one else has. Out: a number or an address that no one else has, shaped as the companies of
//! the time gave them out.

use super::calendar::{Day, digits};
use super::draw::{Draw, mix, shuffled};
use super::spelling::{full_width, roman};

/// A telephone number: its digits, and where the groups end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phone {
    digits: String,
    area: usize,
    exchange: usize,
}

impl Phone {
    /// The mobile number with this serial.
    pub(super) fn mobile(seed: u64, serial: u64) -> Phone {
        let prefix = match mix(seed ^ serial.wrapping_mul(0x9E37)) % 100 {
            0..45 => 90,
            45..85 => 80,
            _ => 70,
        };
        let local = 10_000_000 + shuffled(seed ^ prefix, 90_000_000, serial % 90_000_000);
        let mut number = format!("0{prefix}");
        digits(local as u32, 8, &mut number);
        Phone { digits: number, area: 3, exchange: 4 }
    }

    /// The landline with this serial in an area.
    pub(super) fn landline(seed: u64, area: &str, serial: u64) -> Phone {
        let rest = 10 - area.len();
        // Exchanges begin with 2 to 9 (in Tokyo and Osaka with 3 to 6, mostly).
        let domain = 10u64.pow(rest as u32 - 1) * if area.len() == 2 { 4 } else { 8 };
        let first = 10u64.pow(rest as u32 - 1) * if area.len() == 2 { 3 } else { 2 };
        let key = area.bytes().fold(seed, |key, byte| mix(key ^ u64::from(byte)));
        let mut number = area.to_string();
        digits((first + shuffled(key, domain, serial % domain)) as u32, rest, &mut number);
        Phone { digits: number, area: area.len(), exchange: rest - 4 }
    }

    /// 090-1234-5678
    pub(super) fn hyphens(&self) -> String {
        let (area, rest) = self.digits.split_at(self.area);
        let (exchange, line) = rest.split_at(self.exchange);
        format!("{area}-{exchange}-{line}")
    }

    /// 09012345678
    pub(super) fn plain(&self) -> &str {
        &self.digits
    }

    /// +819012345678
    pub(super) fn international(&self) -> String {
        format!("+81{}", &self.digits[1..])
    }

    /// As somebody writes it on a form.
    pub(super) fn written(&self, style: PhoneStyle) -> String {
        match style {
            PhoneStyle::Hyphens => self.hyphens(),
            PhoneStyle::Plain => self.digits.clone(),
            PhoneStyle::FullWidth => full_width(&self.hyphens()),
            PhoneStyle::Brackets => {
                let (area, rest) = self.digits.split_at(self.area);
                let (exchange, line) = rest.split_at(self.exchange);
                format!("{area}({exchange}){line}")
            }
            PhoneStyle::NoZero => self.digits[1..].to_string(),
        }
    }

    /// With a wrong digit, or two digits swapped.
    pub(super) fn slipped(&self, draw: &mut Draw) -> Phone {
        Phone { digits: slip_digit(&self.digits, 3, draw), ..self.clone() }
    }
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PhoneStyle {
    Hyphens,
    Plain,
    FullWidth,
    Brackets,
    /// A spreadsheet took the first zero.
    NoZero,
}

impl PhoneStyle {
    /// A person's habit.
    pub(super) fn draw(draw: &mut Draw) -> PhoneStyle {
        use PhoneStyle as P;
        [P::Hyphens, P::Plain, P::FullWidth, P::Brackets, P::NoZero][draw.by_weight(&[560, 370, 30, 35, 5])]
    }
}

/// `text`, whose characters are digits, with one wrong or two swapped after the first `keep`.
pub(super) fn slip_digit(text: &str, keep: usize, draw: &mut Draw) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let last = bytes.len().saturating_sub(1);
    if last <= keep {
        return text.to_string();
    }
    let at = keep + draw.below((last - keep) as u32) as usize;
    if bytes[at] != bytes[at + 1] && bytes[at].is_ascii_digit() && bytes[at + 1].is_ascii_digit() && draw.chance(0.4) {
        bytes.swap(at, at + 1);
    } else if bytes[at].is_ascii_digit() {
        bytes[at] = b'0' + (bytes[at] - b'0' + 1 + draw.below(9) as u8) % 10;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_string())
}

/// Whose mail address it is.
pub(super) struct Owner<'a> {
    pub(super) family: &'a str,
    pub(super) given: &'a str,
    pub(super) birth: Day,
}

/// A mail address taken in a year by somebody of that age.
pub(super) fn mail(draw: &mut Draw, owner: &Owner<'_>, taken: Day) -> String {
    const WORDS: [&str; 40] = [
        "neko", "inu", "sakura", "hana", "momo", "sora", "umi", "hoshi", "smile", "happy", "lucky", "love", "sun",
        "moon", "blue", "green", "kuma", "usagi", "pino", "choco", "mint", "coco", "miku", "rin", "tama", "kotetsu",
        "ichigo", "mikan", "yuzu", "azuki", "piano", "tennis", "soccer", "surf", "bike", "fishing", "jazz", "violin",
        "cafe", "garden",
    ];
    let (family, given) = (roman(owner.family, draw.chance(0.3)), roman(owner.given, draw.chance(0.3)));
    let (year, month, day) = owner.birth.date();
    let dot = *draw.pick(&["", ".", "_", "-"]);
    let number = draw.below(9000) + 1000;
    let local = match draw.below(10) {
        0 | 1 => format!("{given}{dot}{family}{number}"),
        2 | 3 => format!("{family}{dot}{given}{number}"),
        4 => format!("{family}{dot}{}{month:02}{day:02}{}", &given[..1.min(given.len())], number % 100),
        5 => format!("{given}{dot}{year}{month:02}{day:02}"),
        6 => format!("{}{given}{month:02}{day:02}{}", &family[..1.min(family.len())], number % 100),
        7 => format!("{}{dot}{}{number}", draw.pick(&WORDS), draw.pick(&WORDS)),
        8 => format!("{given}{dot}{}{number}", draw.pick(&WORDS)),
        _ => format!("{}{dot}{family}{month:02}{day:02}{}", draw.pick(&WORDS), number % 100),
    };
    let age = owner.birth.years_to(taken);
    format!("{local}@{}", domain(draw, age, taken.date().0))
}

/// Phone companies' mail faded with smartphones; free mail took its place; older people keep their provider's.
fn domain(draw: &mut Draw, age: i32, year: i32) -> &'static str {
    const PHONE: [&str; 5] = ["docomo.ne.jp", "ezweb.ne.jp", "softbank.ne.jp", "i.softbank.jp", "ymobile.ne.jp"];
    const FREE: [&str; 6] = ["gmail.com", "yahoo.co.jp", "icloud.com", "hotmail.co.jp", "outlook.jp", "yahoo.ne.jp"];
    const PROVIDER: [&str; 8] = [
        "nifty.com",
        "ocn.ne.jp",
        "biglobe.ne.jp",
        "so-net.ne.jp",
        "jcom.home.ne.jp",
        "dion.ne.jp",
        "plala.or.jp",
        "asahi-net.or.jp",
    ];
    let phone = if year < 2013 {
        55
    } else if year < 2019 {
        32
    } else {
        12
    };
    let provider = if age > 55 { 24 } else { 5 };
    match draw.by_weight(&[phone, 100 - phone - provider.min(100 - phone), provider]) {
        0 if year >= 2019 => ["docomo.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp", "ymobile.ne.jp"]
            [draw.by_weight(&[40, 30, 10, 15, 5])],
        0 => PHONE[draw.by_weight(&[46, 30, 14, 8, 2])],
        1 => FREE[draw.by_weight(&[52, 28, 12, 4, 3, 1])],
        _ => PROVIDER[draw.below(8) as usize],
    }
}

/// A domain as a tired hand types it.
pub(super) fn slip_domain(mail: &str, draw: &mut Draw) -> String {
    let slips = [
        ("gmail.com", "gmial.com"),
        ("gmail.com", "gmail.co"),
        ("yahoo.co.jp", "yaho.co.jp"),
        ("docomo.ne.jp", "docomo.co.jp"),
    ];
    let fitting: Vec<_> = slips.iter().filter(|(right, _)| mail.ends_with(right)).collect();
    if fitting.is_empty() {
        return mail.strip_suffix('m').or(mail.strip_suffix('p')).unwrap_or(mail).to_string();
    }
    let (right, wrong) = fitting[draw.below(fitting.len() as u32) as usize];
    mail.replace(right, wrong)
}

#[cfg(test)]
mod tests {
    use super::super::draw::Purpose;
    use super::*;

    #[test]
    fn numbers_have_the_right_shape_and_no_double() {
        let mut numbers: Vec<String> = (0..2000).map(|serial| Phone::mobile(5, serial).plain().to_string()).collect();
        assert!(numbers.iter().all(|number| number.len() == 11 && &number[3..4] != "0"));
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 2000);
        for area in ["03", "045", "0466"] {
            let phone = Phone::landline(5, area, 77);
            assert_eq!(phone.plain().len(), 10);
            assert!(phone.hyphens().starts_with(&format!("{area}-")), "{}", phone.hyphens());
        }
    }

    #[test]
    fn a_slip_changes_a_digit() {
        let mut draw = Draw::new(1, Purpose::Test, 0);
        let phone = Phone::mobile(5, 1);
        assert!((0..50).all(|_| phone.slipped(&mut draw).plain() != phone.plain()));
        assert_eq!(phone.international().len(), 13);
    }
}
