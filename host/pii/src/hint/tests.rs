//! Names that say something and names that only seem to.

use super::{Hint, Secret};
use crate::context::Topic;

#[test]
fn names_are_split_and_read() {
    for (name, topic, secret) in [
        ("cardNumber", Some(Topic::Card), None),
        ("card_number", Some(Topic::Card), None),
        ("SSN", Some(Topic::Government), None),
        ("national_id", Some(Topic::Government), None),
        ("phoneNumber", Some(Topic::Phone), None),
        ("request_id", Some(Topic::Identifier), None),
        ("apiKey", None, Some(Secret::Key)),
        ("X-API-Key", None, Some(Secret::Key)),
        ("userPassword", None, Some(Secret::Password)),
        ("accessToken", None, Some(Secret::Key)),
        ("next_page_token", Some(Topic::Identifier), None),
        ("password_reset_url", None, None),
        ("cvv", None, Some(Secret::Pin)),
        ("key", None, None),
        ("", None, None),
    ] {
        assert_eq!(Hint::of(name), Hint { topic, secret }, "{name}");
    }
}
