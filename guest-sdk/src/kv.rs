//! Small values by key, kept between the tenant's runs of this agent.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::casemate::agent::kv as wit;
use crate::refusal::Refusal;
use casemate_abi::Code;

/// The value under a key, if there is one.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let last: Option<Vec<u8>> = casemate::kv::get("cases/last")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Refused when the agent may not read the key.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Refusal> {
    wit::get(key)
}

/// Puts a value under a key, in place of one that may be there.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// casemate::kv::set("cases/last", "2026-05-04")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Refused when the agent may not write the key, or when key or value are too long.
pub fn set(key: &str, value: impl AsRef<[u8]>) -> Result<(), Refusal> {
    wit::set(key, value.as_ref())
}

/// Removes a key and says whether it was there.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let was_there: bool = casemate::kv::delete("cases/last")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Refused when the agent may not write the key.
pub fn delete(key: &str) -> Result<bool, Refusal> {
    wit::delete(key)
}

/// Adds to a counter (absent counts as 0) and returns its new value. Concurrent runs lose nothing.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let ever: i64 = casemate::kv::add("cases/done", 1)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Refused when the agent may not write the key, when the value is no counter or when the counter would overflow.
pub fn add(key: &str, delta: i64) -> Result<i64, Refusal> {
    wit::add(key, delta)
}

/// The value under a key, read as JSON.
///
/// ```no_run
/// #[derive(serde::Deserialize)]
/// struct Mark {
///     last: u64,
/// }
///
/// # fn main() -> Result<(), casemate::Refusal> {
/// let mark: Option<Mark> = casemate::kv::get_json("cases/mark")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`get`]; and `tool-argument`, made here, when the value is not such a JSON document.
pub fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Refusal> {
    let Some(value) = get(key)? else {
        return Ok(None);
    };
    serde_json::from_slice(&value).map(Some).map_err(|error| {
        Refusal::new(Code::ToolArgument, format!("the value of `{key}` does not fit its type: {error}"))
    })
}

/// Puts a value under a key as JSON.
///
/// ```no_run
/// #[derive(serde::Serialize)]
/// struct Mark {
///     last: u64,
/// }
///
/// # fn main() -> Result<(), casemate::Refusal> {
/// casemate::kv::set_json("cases/mark", &Mark { last: 17 })?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`set`]; and `tool-argument`, made here, when the value can't be written as JSON.
pub fn set_json<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<(), Refusal> {
    let value = serde_json::to_vec(value).map_err(|error| {
        Refusal::new(Code::ToolArgument, format!("the value for `{key}` can't be written as JSON: {error}"))
    })?;
    set(key, value)
}
