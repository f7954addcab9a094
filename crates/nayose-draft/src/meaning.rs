//! What a column can mean: the attributes of a pipeline file, and the columns that a source has beside them.

use std::fmt;

use serde::{Serialize, Serializer};

/// The meaning of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Meaning {
    /// Whose it is.
    pub party: Party,
    /// What it is.
    pub kind: Kind,
    /// Its place among the columns that make one value together (電話番号1, 電話番号2), from 1; 0 where it is whole.
    pub part: u8,
}

/// Whose values are in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The person that the row is about: a member, a buyer.
    #[default]
    Person,
    /// Whoever gets the goods.
    Recipient,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What is in a column.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        /// All kinds.
        pub(crate) const KINDS: &[Kind] = &[$(Kind::$kind,)*];

        impl Kind {
            /// Its name: that of the attribute, where it is one.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    /// A whole name.
    Name = "name",
    /// A whole name in kana.
    Kana = "kana",
    /// A family name.
    FamilyName = "family_name",
    /// A given name.
    GivenName = "given_name",
    /// A family name in kana.
    FamilyKana = "family_kana",
    /// A given name in kana.
    GivenKana = "given_kana",
    /// A birth date.
    BirthDate = "birth_date",
    /// A sex.
    Sex = "sex",
    /// A phone number.
    Phone = "phone",
    /// A mail address.
    Email = "email",
    /// A postal code.
    PostalCode = "postal_code",
    /// An address or a part of it.
    Address = "address",
    /// What was bought together: an order, a receipt.
    TransactionId = "transaction_id",
    /// A store.
    StoreId = "store_id",
    /// An article.
    ItemId = "item_id",
    /// The name of an article.
    ItemName = "item_name",
    /// How many.
    Quantity = "quantity",
    /// The price of one.
    UnitPrice = "unit_price",
    /// The money of the row.
    Amount = "amount",
    /// The kind of what happened.
    Category = "category",
    /// Text about what happened.
    Detail = "detail",
    /// Money taken off.
    Discount = "discount",
    /// Points used as money.
    PointsUsed = "points_used",
    /// Shipping that the customer paid.
    ShippingCharged = "shipping_charged",
    /// Shipping that the shop bore.
    ShippingCost = "shipping_cost",
    /// Consumption tax in the amount.
    Tax = "tax",
    /// A coupon.
    CouponId = "coupon_id",
    /// A receipt that an order and a sale on a card share.
    ReceiptId = "receipt_id",
    /// The medium of an order or a visit, the way of a message.
    Medium = "medium",
    /// A campaign.
    Campaign = "campaign",
    /// An arm of a test.
    Arm = "arm",
    /// A visitor of the web.
    VisitorId = "visitor_id",
    /// An account of points, or a contract.
    AccountId = "account_id",
    /// 法人番号.
    CorporateNumber = "corporate_number",
    /// When it expires.
    ValidUntil = "valid_until",
    /// When a product was bought that was registered later.
    BoughtOn = "bought_on",
    /// The number of one piece.
    SerialNumber = "serial_number",
    /// Who was in charge.
    Staff = "staff",
    /// An answer on a scale.
    Score = "score",
    /// Why.
    Reason = "reason",
    /// The id of the person in this channel.
    RecordId = "record_id",
    /// Another number of the person: a member code, a card.
    Identifier = "identifier",
    /// The id of what happened: an order line, a ticket, a message.
    EventId = "event_id",
    /// When it happened.
    OccurredAt = "occurred_at",
    /// The day on which it happened, where the time is in another column.
    OccurredDate = "occurred_at.date",
    /// The time of day at which it happened.
    OccurredTime = "occurred_at.time",
    /// The time zone in which that is meant.
    OccurredZone = "occurred_at.zone",
    /// When the record was made.
    RegisteredAt = "registered_at",
    /// When the record was changed.
    UpdatedAt = "updated_at",
    /// Whether mail may be sent.
    ConsentEmail = "consent.email",
    /// Whether short messages may be sent.
    ConsentSms = "consent.sms",
    /// Whether the person may be called.
    ConsentPhone = "consent.phone",
    /// Whether letters may be sent.
    ConsentPost = "consent.post",
    /// Whether push messages may be sent.
    ConsentPush = "consent.push",
    /// Whether LINE messages may be sent.
    ConsentLine = "consent.line",
    /// When consent was given or refused.
    ConsentAt = "consent_at",
    /// The state of a person or of an order: some of its values are rows to leave out.
    Status = "status",
    /// The kind of a row: some kinds are no goods (送料).
    RowKind = "row_kind",
    /// Where an article belongs.
    CategoryPath = "category_path",
    /// What an article costs the shop.
    Cost = "cost",
    /// When an article came out.
    LaunchedOn = "launched_on",
    /// What an article is for those who buy it.
    Role = "role",
    /// The name of a store.
    StoreName = "store_name",
    /// The prefecture of a store.
    Prefecture = "prefecture",
    /// When a store opened.
    OpenedOn = "opened_on",
    /// A month of spend.
    Month = "month",
    /// Nothing that is used.
    Unused = "-",
}

impl Kind {
    /// The kind of this name.
    pub(crate) fn parse(name: &str) -> Option<Kind> {
        KINDS.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// Whether it is an attribute of a person.
    pub fn is_person_attribute(self) -> bool {
        self <= Kind::Address
    }

    /// Whether it is an attribute of an event.
    pub fn is_event_attribute(self) -> bool {
        (Kind::TransactionId..=Kind::Reason).contains(&self)
    }

    /// The way of contact, of a consent.
    pub fn contact(self) -> Option<&'static str> {
        (Kind::ConsentEmail..=Kind::ConsentLine).contains(&self).then(|| &self.as_str()["consent.".len()..])
    }

    /// Whether its values are a small closed set, which may be shown.
    pub(crate) fn is_closed(self) -> bool {
        matches!(self, Kind::Sex | Kind::Status | Kind::RowKind) || self.contact().is_some()
    }
}

impl Meaning {
    /// A whole value of the person.
    pub(crate) fn new(kind: Kind) -> Meaning {
        Meaning { party: Party::Person, kind, part: 0 }
    }

    /// The meaning of a text as [`fmt::Display`] writes it.
    pub(crate) fn parse(text: &str) -> Option<Meaning> {
        let (party, rest) = match text.strip_prefix("ship.") {
            Some(rest) => (Party::Recipient, rest),
            None => (Party::Person, text),
        };
        let (name, part) = match rest.split_once('#') {
            Some((name, part)) => (name, part.parse().ok()?),
            None => (rest, 0),
        };
        Some(Meaning { party, kind: Kind::parse(name)?, part })
    }
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.party == Party::Recipient {
            f.write_str("ship.")?;
        }
        f.write_str(self.kind.as_str())?;
        if self.part > 0 {
            write!(f, "#{}", self.part)?;
        }
        Ok(())
    }
}

impl Serialize for Meaning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
