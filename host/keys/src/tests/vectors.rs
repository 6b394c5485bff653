//! Fixed keys, nonces and places, and the records that they make: the format can't change unnoticed. Another
//! implementation made the files, and the integration tests check them with it.

use serde::Deserialize;
use uuid::Uuid;

use super::Outcome;
use crate::{Context, DataKey, Purpose, SigningKey, Use};

const ENVELOPES: &str = include_str!("../../vectors/envelope.json");
const SIGNATURES: &str = include_str!("../../vectors/signature.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    key: String,
    key_id: String,
    key_version: u32,
    nonce: String,
    tenant: Uuid,
    purpose: String,
    id: Uuid,
    part: u64,
    plain: String,
    sealed: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    name: String,
    seed: String,
    public: String,
    message: String,
    signature: String,
}

fn bytes(hex: &str) -> Outcome<Vec<u8>> {
    let digits = |at: usize| hex.get(at..at + 2).ok_or("an even number of digits");
    let read = |at| -> Outcome<u8> { Ok(u8::from_str_radix(digits(at)?, 16)?) };
    (0..hex.len()).step_by(2).map(read).collect()
}

fn purpose(label: &str) -> Option<Purpose> {
    let uses = [Use::CompiledCode, Use::SigningSeed, Use::Token];
    let data = uses.into_iter().flat_map(|data| [Purpose::Data(data), Purpose::DataKey(data)]);
    let all = [Purpose::Frame, Purpose::TenantKey, Purpose::RunKey, Purpose::SubjectKey].into_iter().chain(data);
    all.into_iter().find(|purpose| purpose.label() == label.as_bytes())
}

#[test]
fn envelopes_are_what_another_implementation_made() -> Outcome {
    let vectors: Vec<Envelope> = serde_json::from_str(ENVELOPES)?;
    assert_eq!(vectors.len(), 10, "one for each purpose");
    for vector in vectors {
        let secret = crate::secret::Secret::parse(&bytes(&vector.key)?)?;
        let key = DataKey::new(secret, vector.key_version, 1)?;
        assert_eq!(key.id().to_string(), vector.key_id);
        let purpose = purpose(&vector.purpose).ok_or("a purpose")?;
        let context = Context { tenant: vector.tenant, purpose, id: vector.id, part: vector.part };
        let nonce = <[u8; 12]>::try_from(bytes(&vector.nonce)?).map_err(|_| "a nonce")?;
        let (plain, sealed) = (bytes(&vector.plain)?, bytes(&vector.sealed)?);
        assert_eq!(key.seal_with(nonce, &context, &plain)?, sealed, "{}", vector.purpose);
        assert_eq!(key.open(&context, &sealed)?, plain);
    }
    Ok(())
}

#[test]
fn signatures_are_what_another_implementation_made() -> Outcome {
    let vectors: Vec<Signature> = serde_json::from_str(SIGNATURES)?;
    assert!(vectors.len() >= 3);
    for vector in vectors {
        let key = SigningKey::from_seed(&vector.name, &bytes(&vector.seed)?)?;
        assert_eq!(key.public().to_string(), vector.public);
        let (message, signature) = (bytes(&vector.message)?, bytes(&vector.signature)?);
        assert_eq!(key.sign(&message), signature);
        key.public().verify(&message, &signature)?;
    }
    Ok(())
}
