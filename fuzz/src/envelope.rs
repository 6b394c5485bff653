//! Sealed records, public keys and signatures from strangers: nothing opens that wasn't sealed, nothing panics. It doesn't
//! know what the records hold.

use std::sync::LazyLock;

use casemate_keys::{Context, DataKey, PublicKey, Purpose};
use uuid::Uuid;

static KEY: LazyLock<Option<DataKey>> = LazyLock::new(|| DataKey::from_bytes(&[7; 32]).ok());
const PLACE: Context = Context { tenant: Uuid::nil(), purpose: Purpose::Frame, id: Uuid::nil(), part: 0 };

/// One input.
pub(crate) fn run(data: &[u8]) {
    let Some(key) = KEY.as_ref() else { return };
    // A stranger has no key, so nothing opens.
    assert!(key.open(&PLACE, data).is_err());
    // What was sealed opens, and with one byte changed it doesn't.
    if let Ok(mut sealed) = key.seal(&PLACE, data) {
        assert_eq!(key.open(&PLACE, &sealed).as_deref().ok(), Some(data));
        let at = data.first().map_or(0, |byte| usize::from(*byte)) % sealed.len();
        if let Some(byte) = sealed.get_mut(at) {
            *byte ^= 1;
        }
        assert!(key.open(&PLACE, &sealed).is_err());
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(public) = text.parse::<PublicKey>()
    {
        assert_eq!(public.to_string(), text.trim());
        assert!(public.verify(b"message", data).is_err());
    }
}
