//! A password as PostgreSQL keeps it (RFC 5802 and 7677; the notation is that of its `pg_authid.rolpassword`), made here
//! so that no password stands in a statement that a server might log. It doesn't know whose password it is.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// PostgreSQL's own number. It makes guessing slower, which 256 random bits don't need.
const ITERATIONS: u32 = 4096;
/// Bytes of the salt, as PostgreSQL has them.
const SALT_BYTES: usize = 16;

/// `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey` for a password of ASCII characters, which SASLprep leaves as it is. The
/// salt follows from login and password: the same password gives the same text, so that a copy of it stays good. Only
/// for passwords that are random.
#[must_use]
pub fn scram_secret(login: &str, password: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, password.as_bytes());
    let tag = hmac::sign(&key, format!("casemate-scram-salt-v1|{login}").as_bytes());
    let salt: Vec<u8> = tag.as_ref().iter().copied().take(SALT_BYTES).collect();
    with_salt(password, &salt)
}

fn with_salt(password: &str, salt: &[u8]) -> String {
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    let iterations = NonZeroU32::new(ITERATIONS).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password.as_bytes(), &mut salted);
    let salted = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client = hmac::sign(&salted, b"Client Key");
    let stored = digest::digest(&digest::SHA256, client.as_ref());
    let server = hmac::sign(&salted, b"Server Key");
    let (salt, stored, server) = (STANDARD.encode(salt), STANDARD.encode(stored), STANDARD.encode(server));
    format!("SCRAM-SHA-256${iterations}:{salt}${stored}:{server}")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{scram_secret, with_salt};

    /// Password, salt and iterations of RFC 7677, section 3; its proofs follow from these two keys.
    #[test]
    fn is_what_the_rfc_derives() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap_or_default();
        let expected = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
            wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        assert_eq!(with_salt("pencil", &salt), expected);
    }

    #[test]
    fn is_the_same_again_and_another_for_anybody_else() {
        let secret = scram_secret("casemate_sql", "0f");
        assert_eq!(scram_secret("casemate_sql", "0f"), secret);
        assert_ne!(scram_secret("casemate_host", "0f"), secret);
        assert_ne!(scram_secret("casemate_sql", "0e"), secret);
    }
}
