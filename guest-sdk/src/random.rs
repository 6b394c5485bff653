//! Randomness from the run's recorded seed: unpredictable from outside, the same when the run is repeated.

use crate::bindings::casemate::agent::random as wit;
use crate::refusal::Refusal;
use casemate_abi::Code;
use casemate_abi::limits::RANDOM_BYTES;

/// `N` random bytes, 65,536 at most: more does not compile.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let nonce = casemate::random::bytes::<16>()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Refused when the agent may not use randomness.
pub fn bytes<const N: usize>() -> Result<[u8; N], Refusal> {
    const { assert!(N <= RANDOM_BYTES as usize, "at most 65,536 bytes a call") };
    // The assertion above makes the conversion exact.
    let bytes = wit::bytes(N as u32)?;
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        Refusal::new(Code::ToolArgument, format!("the host returned {} bytes where {N} were asked for", bytes.len()))
    })
}

/// A random number, each of the 2⁶⁴ equally likely.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let dice = casemate::random::u64()? % 6 + 1;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`bytes`].
pub fn u64() -> Result<u64, Refusal> {
    Ok(u64::from_le_bytes(bytes()?))
}
