//! Words that tell what a number beside them is: `call`, `ssn`, `invoice`.
//!
//! Knows vocabulary only, no formats. The nearest telling word wins, those before the number first.

/// What a word says about the value beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Email,
    Phone,
    Card,
    Government,
    /// A number that names a thing: order, ticket, version.
    Identifier,
}

/// How far back and forward words are looked for, in bytes and words.
const BACK: (usize, usize) = (64, 6);
const FORWARD: (usize, usize) = (32, 4);

/// The topic of the words around the bytes `start..end` of `text`.
pub(crate) fn around(text: &[u8], start: usize, end: usize) -> Option<Topic> {
    let before = text.get(start.saturating_sub(BACK.0)..start)?;
    let after = text.get(end..text.len().min(end + FORWARD.0))?;
    let mut back = words(before).rev().take(BACK.1);
    back.find_map(|word| Some((word, topic(word)?)))
        .map(|(word, found)| {
            // A `Steuer-ID` is about the tax office, not about an id.
            let kind = word.eq_ignore_ascii_case(b"id").then(|| topic(back.next()?));
            kind.flatten().unwrap_or(found)
        })
        .or_else(|| words(after).take(FORWARD.1).find_map(topic).filter(|topic| *topic != Topic::Identifier))
}

fn words(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()).filter(|word| word.len() > 1)
}

/// What one word says, in any case.
pub(crate) fn topic(word: &[u8]) -> Option<Topic> {
    let mut lower = [0; 24];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    match std::str::from_utf8(lower).ok()? {
        "email" | "mail" | "correo" | "courriel" => Some(Topic::Email),
        "phone" | "phonenumber" | "telephone" | "tel" | "telefon" | "telefono" | "teléfono" | "téléphone"
        | "mobile" | "mobil" | "móvil" | "cell" | "cellphone" | "handy" | "fax" | "msisdn" | "whatsapp" | "sms"
        | "call" | "dial" | "ring" | "landline" | "komórka" | "portable" | "celular" | "text" => Some(Topic::Phone),
        "card" | "cards" | "cardnumber" | "cc" | "ccnum" | "pan" | "visa" | "mastercard" | "amex" | "credit"
        | "debit" | "karte" | "kreditkarte" | "tarjeta" | "carte" | "discover" | "maestro" => Some(Topic::Card),
        "ssn" | "social" | "itin" | "nino" | "insurance" | "national" | "steuer" | "steuerid" | "steuernummer"
        | "idnr" | "tin" | "tax" | "taxpayer" | "dni" | "nie" | "nif" | "nir" | "insee" | "sécurité" | "sécu"
        | "pesel" | "passport" | "passeport" | "reisepass" | "licence" | "license" | "identity" | "citizen" => {
            Some(Topic::Government)
        }
        "id" | "ids" | "order" | "orders" | "invoice" | "ref" | "reference" | "ticket" | "sku" | "tracking"
        | "transaction" | "txn" | "serial" | "isbn" | "issn" | "version" | "build" | "commit" | "revision" | "rev"
        | "uuid" | "guid" | "sha" | "sha1" | "sha256" | "md5" | "digest" | "hash" | "checksum" | "etag"
        | "timestamp" | "time" | "date" | "created" | "updated" | "cursor" | "offset" | "page" | "port" | "count"
        | "size" | "length" | "bytes" | "line" | "row" | "seq" | "sequence" | "price" | "amount" | "total"
        | "issue" | "trace" | "span" | "request" | "response" | "message" | "event" | "correlation" | "account"
        | "part" | "batch" | "model" | "case" | "job" | "pid" | "nonce" | "seed" => Some(Topic::Identifier),
        _ => None,
    }
}
