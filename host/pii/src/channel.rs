//! Rules per class and channel: what is done with a kind of personal data may depend on the way that it takes. A class
//! has one mode for all channels and others for those that are named beside it. It doesn't know tenants or tools.

use serde::{Deserialize, Deserializer};

use crate::{Class, Confidence, Mode, Rules};

/// A way that data takes between the guest and others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A run's input document, on its way to the guest.
    Input,
    /// Arguments of calls: parameters, values and, where they may not be rewritten, statements and keys.
    Argument,
    /// Replies to calls, on their way to the guest.
    Reply,
    /// Log lines of the guest.
    Log,
    /// The run's result, or the guest's words about its failure.
    Result,
}

impl Channel {
    /// Every channel, in the order in which a run comes to them.
    pub const ALL: [Self; 5] = [Self::Input, Self::Argument, Self::Reply, Self::Log, Self::Result];
}

/// The rules of each channel.
///
/// Read from a map such as `{ email = "reversible", card = { mode = "strict", threshold = 0.7, reply = "reversible" } }`;
/// unknown classes, channels, modes and fields are errors. A class that is not named is [`Mode::Strict`] everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelRules {
    input: Rules,
    argument: Rules,
    reply: Rules,
    log: Rules,
    result: Rules,
}

impl ChannelRules {
    /// The rules of one channel.
    #[must_use]
    pub const fn of(&self, channel: Channel) -> &Rules {
        match channel {
            Channel::Input => &self.input,
            Channel::Argument => &self.argument,
            Channel::Reply => &self.reply,
            Channel::Log => &self.log,
            Channel::Result => &self.result,
        }
    }

    /// The first class whose rules nothing could enforce: the guest gets a token for the input's value, and may have it
    /// turned back on its way to a row; a reply that isn't rewritten would hand it the value. Everything else can be
    /// combined: a strict token is never turned back, and what a guest writes itself it knows already.
    #[must_use]
    pub fn unenforceable(&self) -> Option<Class> {
        Class::ALL
            .into_iter()
            .find(|class| self.input.mode(*class) == Mode::Reversible && self.reply.mode(*class) == Mode::FlagOnly)
    }
}

/// The same rules for every channel.
impl From<Rules> for ChannelRules {
    fn from(rules: Rules) -> Self {
        let copy = || rules.clone();
        Self { input: copy(), argument: copy(), reply: copy(), log: copy(), result: rules }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    email: Option<Entry>,
    phone: Option<Entry>,
    card: Option<Entry>,
    government_id: Option<Entry>,
    credential: Option<Entry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Mode(Mode),
    Full(Full),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    #[serde(default)]
    mode: Mode,
    threshold: Option<Confidence>,
    input: Option<Mode>,
    argument: Option<Mode>,
    reply: Option<Mode>,
    log: Option<Mode>,
    result: Option<Mode>,
}

impl Full {
    fn mode(&self, channel: Channel) -> Mode {
        let own = match channel {
            Channel::Input => self.input,
            Channel::Argument => self.argument,
            Channel::Reply => self.reply,
            Channel::Log => self.log,
            Channel::Result => self.result,
        };
        own.unwrap_or(self.mode)
    }
}

impl<'de> Deserialize<'de> for ChannelRules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let entries: Vec<_> = [
            (Class::Email, written.email),
            (Class::Phone, written.phone),
            (Class::Card, written.card),
            (Class::GovernmentId, written.government_id),
            (Class::Credential, written.credential),
        ]
        .into_iter()
        .filter_map(|(class, entry)| match entry? {
            Entry::Mode(mode) => Some((class, Full { mode, ..Full::default() })),
            Entry::Full(full) => Some((class, full)),
        })
        .collect();
        let rules = |channel| {
            let rules = Rules::new(entries.iter().map(|(class, full)| (*class, full.mode(channel))));
            entries.iter().fold(rules, |rules, (class, full)| match full.threshold {
                Some(threshold) => rules.with_threshold(*class, threshold),
                None => rules,
            })
        };
        Ok(Self {
            input: rules(Channel::Input),
            argument: rules(Channel::Argument),
            reply: rules(Channel::Reply),
            log: rules(Channel::Log),
            result: rules(Channel::Result),
        })
    }
}

#[cfg(test)]
mod tests;
