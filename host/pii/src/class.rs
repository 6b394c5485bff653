//! The vocabulary: what kinds of personal data there are, what may be done about them, and how sure one can be.
//!
//! Knows neither how anything is found nor who asks.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// An electronic mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A payment card number.
    Card,
    /// A number by which a state knows a person: social security, tax, national identity.
    GovernmentId,
    /// A password, key, bearer token or private key.
    Credential,
}

impl Class {
    /// Every class, in order.
    pub const ALL: [Self; 5] = [Self::Email, Self::Phone, Self::Card, Self::GovernmentId, Self::Credential];

    /// The upper-case tag that tokens of this class carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Card => "CARD",
            Self::GovernmentId => "GOV_ID",
            Self::Credential => "CREDENTIAL",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is done with a match. Ordered from the strictest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Replaced by a token that cannot be turned back.
    #[default]
    Strict,
    /// Replaced by a token that the host can turn back for granted destinations.
    Reversible,
    /// Left alone and reported.
    FlagOnly,
}

impl Mode {
    /// Whether a match under this mode is replaced.
    #[must_use]
    pub const fn replaces(self) -> bool {
        !matches!(self, Self::FlagOnly)
    }
}

/// How sure a match is, in per mille: 0 to 1000. Shown and serialized as a fraction of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(u16);

impl Confidence {
    /// Complete certainty.
    pub const MAX: Self = Self(1000);
    /// From this score on a match is acted on, unless [`Rules`](crate::Rules) say otherwise.
    pub const DEFAULT_THRESHOLD: Self = Self(500);

    /// The confidence of `per_mille` thousandths; `None` above 1000.
    #[must_use]
    pub const fn new(per_mille: u16) -> Option<Self> {
        if per_mille <= Self::MAX.0 { Some(Self(per_mille)) } else { None }
    }

    /// The nearest confidence to `per_mille` thousandths, for scores that this crate adds up itself.
    pub(crate) const fn clamped(per_mille: u16) -> Self {
        if per_mille <= Self::MAX.0 { Self(per_mille) } else { Self::MAX }
    }

    /// The value in thousandths.
    #[must_use]
    pub const fn per_mille(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl Serialize for Confidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Confidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fraction = f64::deserialize(deserializer)?;
        // A search instead of a float-to-integer cast: casts saturate and would let NaN through as 0.
        (0..=Self::MAX.0)
            .find(|per_mille| (f64::from(*per_mille) / 1000.0 - fraction).abs() <= 0.000_5)
            .map(Self)
            .ok_or_else(|| de::Error::custom("a confidence lies between 0 and 1"))
    }
}
