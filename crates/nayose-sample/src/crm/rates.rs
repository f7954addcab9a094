//! How often the facts of `crm/` happen, in one place, each with its reason.
//!
//! Most are set so that a sample of two thousand people has some tens of each kind, and that all kinds together stay below six rows a
//! person. Where a reason names a practice, that is how chains of this kind commonly look.

use super::super::calendar::Day;

// Orders.

/// An order that was cancelled: mail order sees 2 to 4 %.
pub(super) const CANCELLED: f64 = 0.03;
/// An order that was sent back as a whole.
pub(super) const RETURNED: f64 = 0.015;
/// An order of the last 30 days that is not confirmed yet; older ones have been decided.
pub(super) const PROVISIONAL: f64 = 0.12;
/// One line of an order that was sent back: half of what fashion sees, as most goods here are used up.
pub(super) const LINE_RETURNED: f64 = 0.02;
/// An order with something taken off.
pub(super) const DISCOUNTED: f64 = 0.18;
/// Percent taken off, with weights: the usual steps of price tags and coupons.
pub(super) const DISCOUNTS: ([u32; 5], [u32; 5]) = ([5, 10, 15, 20, 30], [30, 40, 10, 15, 5]);
/// Of these, by a coupon.
pub(super) const BY_COUPON: f64 = 0.45;
/// A customer with a coupon that was never used: most coupons lapse, but one a customer shows it.
pub(super) const COUPON_LAPSED: f64 = 0.10;
/// An order paid in part with points.
pub(super) const PAID_WITH_POINTS: f64 = 0.09;
/// Yen from which the online store sends without a charge, and the charge below.
pub(super) const SHIPPING: (u32, u32) = (5000, 550);
/// What a parcel costs the shop, by size, with weights.
pub(super) const PARCELS: ([u32; 4], [u32; 4]) = ([480, 560, 640, 780], [30, 35, 25, 10]);
/// An order that was fetched, and paid with the card shown, within three days, where a sale of the card is there for it.
pub(super) const FETCHED: f64 = 0.7;
/// Where a first order of a customer comes from: online, in a store.
pub(super) const FIRST_ONLINE: [(&str, u32); 4] =
    [("検索広告", 38), ("SNS広告", 30), ("アフィリエイト", 22), ("紹介", 10)];
/// As above.
pub(super) const FIRST_IN_STORE: [(&str, u32); 4] = [("店頭", 46), ("チラシ", 30), ("SNS広告", 14), ("紹介", 10)];
/// A later order that comes without a medium, and one by a mail; the others come by the medium of the first.
pub(super) const LATER: [(&str, u32); 3] = [("直接", 60), ("メール", 15), ("", 25)];
/// Media that are paid, with yen a month and customer-to-be of the sample.
pub(super) const PAID: [(&str, u32); 4] = [("検索広告", 9), ("SNS広告", 7), ("アフィリエイト", 4), ("チラシ", 5)];

/// An order of the online store that goes to somebody else: mid-year and year-end gifts are a tenth of what such shops send.
pub(super) const GIFT: f64 = 0.10;
/// Of these, to another customer of the chain, and to a member of the family; the others go to numbers of the giver's address book.
pub(super) const TO_CUSTOMER: f64 = 0.25;
/// As above.
pub(super) const TO_FAMILY: f64 = 0.15;
/// Entries of an address book.
pub(super) const ADDRESS_BOOK: u32 = 3;

// Messages.

/// A record that may be written to and is in a campaign's list: a campaign goes to a segment, not to all.
pub(super) const IN_CAMPAIGN: f64 = 0.24;
/// A paper letter to a shop customer who takes no mail: dear, so few.
pub(super) const LETTER: f64 = 0.05;
/// Opened: mail, push, LINE (a letter tells nothing).
pub(super) const OPENED: [f64; 3] = [0.31, 0.12, 0.52];
/// Of these, clicked.
pub(super) const CLICKED: f64 = 0.24;
/// A purchase in the 14 days after a message, opened or not, that the tool counts as its own.
pub(super) const CONVERTED: f64 = 0.6;
/// Took the consent back by the link in the message.
pub(super) const UNSUBSCRIBED: f64 = 0.012;
/// Blocked the sender, on LINE and push: higher than by mail, as it is one tap.
pub(super) const BLOCKED: f64 = 0.025;
/// In the arm that got the offer: of those who bought in the 14 days after it, and of the others. The purchases are there before the
/// arms are drawn; this is how an offer that works looks from behind.
pub(super) const TREATED: [f64; 2] = [0.62, 0.49];

// The web.

/// An app user who also comes to the web site, and one who comes with a second browser or after cookies were deleted.
pub(super) const ON_THE_WEB: f64 = 0.25;
/// As above.
pub(super) const SECOND_VISITOR: f64 = 0.20;
/// One more visit after each.
pub(super) const NEXT_VISIT: f64 = 0.52;
/// A visit with a log-in, an item looked at, a second one, an item put into the cart.
pub(super) const LOGS_IN: f64 = 0.45;
/// As above.
pub(super) const VIEWS: [f64; 2] = [0.55, 0.18];
/// As above.
pub(super) const CARTS: f64 = 0.15;
/// A couple with two accounts that shares a tablet.
pub(super) const SHARED_DEVICE: f64 = 0.20;
/// A household from which somebody looks who never logs in.
pub(super) const LOOKS_ONLY: f64 = 0.10;

// Contracts.

/// A shop customer with a delivery by contract (定期便).
pub(super) const CONTRACT: f64 = 0.055;
/// A household in which somebody orders for a company.
pub(super) const COMPANY: f64 = 0.015;
/// Contracts began here.
pub(super) const CONTRACTS_FROM: Day = Day::of(2023, 4, 1);
/// A contract whose fee changed, and one that ended, each with a chance to have happened by the end of the data.
pub(super) const FEE_CHANGES: f64 = 0.25;
/// As above.
pub(super) const ENDS: f64 = 0.35;
/// An end with a reason that was asked for.
pub(super) const END_REASON: f64 = 0.85;

// Registrations, coins, the club, engagement.

/// A durable bought here that the customer registers for its guarantee.
pub(super) const REGISTERED: f64 = 0.5;
/// A shop customer who registers one that was bought elsewhere.
pub(super) const BOUGHT_ELSEWHERE: f64 = 0.035;
/// A registered durable that somebody else registers later: given within the family, or sold.
pub(super) const NEXT_OWNER: f64 = 0.15;
/// A card holder who collects coins, a programme beside the card's points.
pub(super) const COLLECTS_COINS: f64 = 0.27;
/// One more grant after each, four at most.
pub(super) const NEXT_GRANT: f64 = 0.35;
/// A grant of which some is used later.
pub(super) const COINS_USED: f64 = 0.45;
/// A grant that a clerk put right.
pub(super) const ADJUSTED: f64 = 0.03;
/// A shop customer who is in the club with its ranks.
pub(super) const IN_CLUB: f64 = 0.38;
/// Who left it by the end.
pub(super) const LEFT_CLUB: f64 = 0.06;
/// Yen in half a year for シルバー and ゴールド.
pub(super) const RANKS: [(&str, u32); 2] = [("ゴールド", 15_000), ("シルバー", 5_000)];
/// A ticket that was answered; the others are open, or need no answer.
pub(super) const ANSWERED: f64 = 0.93;
