//! Reads a JSON key or a column name: `cardNumber`, `next_page_token`, `X-Api-Key`.
//!
//! Knows names only, never values. A name can make any value suspect; the protocol's own names (page tokens,
//! request ids, digests) make it less so, but only where the value itself proves nothing.

use crate::context::{self, Topic};

/// What a name says about the value under it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) topic: Option<Topic>,
    pub(crate) secret: Option<Secret>,
}

/// How strongly a name promises a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    /// A password: short and wordlike values count.
    Password,
    /// A key or token: only values that look drawn at random count, since `token` also names words of a
    /// language and `secret` a thing in a cluster.
    Key,
    /// A short code of digits.
    Pin,
}

/// The longest name that is read, in bytes.
const LONGEST: usize = 96;

impl Hint {
    /// Classifies `name`; an over-long one says nothing.
    pub(crate) fn of(name: &str) -> Self {
        let mut buffer = [0; 2 * LONGEST];
        let Some(words) = split(name.as_bytes(), &mut buffer) else {
            return Self::default();
        };
        let words = || words.split(|byte| *byte == b'_').filter(|word| !word.is_empty());
        let mut topic = None;
        for found in words().filter_map(context::topic) {
            // `national_id` is about the nation, not about the id.
            if topic.is_none_or(|topic| topic == Topic::Identifier) {
                topic = Some(found);
            }
        }
        let secret = secret(&words);
        Self { topic, secret }
    }
}

/// Writes `name` in lower case with `_` between words.
fn split<'b>(name: &[u8], buffer: &'b mut [u8; 2 * LONGEST]) -> Option<&'b [u8]> {
    if name.len() > LONGEST {
        return None;
    }
    let mut used = 0;
    let mut put = |byte: u8| {
        if let Some(slot) = buffer.get_mut(used) {
            *slot = byte;
            used += 1;
        }
    };
    let mut last = b'_';
    for (at, byte) in name.iter().enumerate() {
        let next = name.get(at + 1).copied().unwrap_or(b'_');
        let starts = byte.is_ascii_uppercase()
            && (last.is_ascii_lowercase()
                || last.is_ascii_digit()
                || (last.is_ascii_uppercase() && next.is_ascii_lowercase()));
        if starts {
            put(b'_');
        }
        let joint = byte.is_ascii() && !byte.is_ascii_alphanumeric();
        put(if joint { b'_' } else { byte.to_ascii_lowercase() });
        last = *byte;
    }
    buffer.get(..used)
}

fn secret<'a, I: DoubleEndedIterator<Item = &'a [u8]>>(words: &impl Fn() -> I) -> Option<Secret> {
    let last = words().next_back()?;
    if is_about(last) {
        return None;
    }
    let has = |word: &[u8]| words().any(|found| found == word);
    if words().any(is_password) || (last == b"pass") {
        return Some(Secret::Password);
    }
    let key = (last == b"key" || last == b"keys")
        && words().any(|word| {
            matches!(
                word,
                b"api"
                    | b"access"
                    | b"private"
                    | b"signing"
                    | b"encryption"
                    | b"secret"
                    | b"auth"
                    | b"account"
                    | b"ssh"
                    | b"master"
                    | b"service"
                    | b"client"
            )
        });
    let token = last == b"token" && !words().any(is_protocol);
    let named = matches!(
        last,
        b"secret"
            | b"apikey"
            | b"accesskey"
            | b"secretkey"
            | b"privatekey"
            | b"authtoken"
            | b"accesstoken"
            | b"authorization"
            | b"bearer"
            | b"cookie"
            | b"credential"
            | b"credentials"
    );
    if key || token || named || (has(b"set") && has(b"cookie")) {
        return Some(Secret::Key);
    }
    matches!(last, b"pin" | b"cvv" | b"cvc" | b"otp").then_some(Secret::Pin)
}

fn is_password(word: &[u8]) -> bool {
    matches!(
        word,
        b"password" | b"passwd" | b"pwd" | b"passphrase" | b"passcode" | b"passwort" | b"kennwort" | b"senha" | b"mdp"
    ) || word == "contraseña".as_bytes()
        || word == "hasło".as_bytes()
}

/// Last words that make a name speak about a secret instead of holding it.
fn is_about(word: &[u8]) -> bool {
    matches!(
        word,
        b"hint"
            | b"policy"
            | b"length"
            | b"len"
            | b"min"
            | b"max"
            | b"field"
            | b"id"
            | b"at"
            | b"expires"
            | b"expiry"
            | b"ttl"
            | b"reset"
            | b"url"
            | b"uri"
            | b"endpoint"
            | b"strength"
            | b"count"
            | b"required"
            | b"enabled"
            | b"changed"
            | b"updated"
            | b"type"
            | b"kind"
            | b"name"
            | b"file"
            | b"path"
            | b"prompt"
            | b"label"
            | b"rules"
            | b"limit"
            | b"usage"
            | b"version"
            | b"index"
            | b"position"
            | b"size"
            | b"status"
            | b"state"
            | b"valid"
            | b"verified"
            | b"arn"
            | b"ref"
    )
}

/// Words beside `token` that make it a place in a listing or a unit of a language.
fn is_protocol(word: &[u8]) -> bool {
    matches!(
        word,
        b"page"
            | b"next"
            | b"prev"
            | b"previous"
            | b"continuation"
            | b"continue"
            | b"sync"
            | b"cursor"
            | b"start"
            | b"end"
            | b"resume"
            | b"delta"
            | b"pagination"
            | b"eos"
            | b"bos"
            | b"pad"
            | b"unk"
            | b"stop"
            | b"special"
    )
}

#[cfg(test)]
mod tests;
