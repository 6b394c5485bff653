//! Randomness from the run's recorded seed: unpredictable from outside, the same when the run is repeated.

use crate::refusal::Refusal;
use crate::world;
use casemate_abi::Code;
use casemate_abi::limits::RANDOM_BYTES;

/// `N` random bytes, 65,536 at most: more does not compile.
///
/// ```
/// use casemate::{random, testing::Script};
///
/// let nonce = Script::new().random_bytes(Ok([7; 16])).run(random::bytes::<16>);
/// assert_eq!(nonce, Ok([7; 16]));
/// ```
///
/// # Errors
/// Refused when the agent may not use randomness.
pub fn bytes<const N: usize>() -> Result<[u8; N], Refusal> {
    const { assert!(N <= RANDOM_BYTES as usize, "at most 65,536 bytes a call") };
    // The assertion above makes the conversion exact.
    let bytes = world::random_bytes(N as u32)?;
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        Refusal::new(Code::ToolArgument, format!("the host returned {} bytes where {N} were asked for", bytes.len()))
    })
}

/// A random number, each of the 2⁶⁴ equally likely.
///
/// ```
/// use casemate::{random, testing::Script};
///
/// let script = Script::new().random_bytes(Ok([10, 0, 0, 0, 0, 0, 0, 0]));
/// let dice = script.run(|| random::u64().map(|number| number % 6 + 1));
/// assert_eq!(dice, Ok(5));
/// ```
///
/// # Errors
/// As [`bytes`].
pub fn u64() -> Result<u64, Refusal> {
    Ok(u64::from_le_bytes(bytes()?))
}
