//! Small values by key, kept between the tenant's runs of this agent.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;
use crate::world;
use casemate_abi::Code;

/// The value under a key, if there is one.
///
/// ```
/// use casemate::{kv, testing::Script};
///
/// let script = Script::new().kv_get("cases/last", Ok(Some("17".into())));
/// let last = script.run(|| kv::get("cases/last"));
/// assert_eq!(last, Ok(Some(b"17".to_vec())));
/// ```
///
/// # Errors
/// Refused when the agent may not read the key.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Refusal> {
    world::kv_get(key)
}

/// Puts a value under a key, in place of one that may be there.
///
/// ```
/// use casemate::{kv, testing::Script};
///
/// let script = Script::new().kv_set("cases/last", "2026-05-04", Ok(()));
/// let set = script.run(|| kv::set("cases/last", "2026-05-04"));
/// assert_eq!(set, Ok(()));
/// ```
///
/// # Errors
/// Refused when the agent may not write the key, or when key or value are too long.
pub fn set(key: &str, value: impl AsRef<[u8]>) -> Result<(), Refusal> {
    world::kv_set(key, value.as_ref())
}

/// Removes a key and says whether it was there.
///
/// ```
/// use casemate::{kv, testing::Script};
///
/// let script = Script::new().kv_delete("cases/last", Ok(false));
/// let was_there = script.run(|| kv::delete("cases/last"));
/// assert_eq!(was_there, Ok(false));
/// ```
///
/// # Errors
/// Refused when the agent may not write the key.
pub fn delete(key: &str) -> Result<bool, Refusal> {
    world::kv_delete(key)
}

/// Adds to a counter (absent counts as 0) and returns its new value. Concurrent runs lose nothing.
///
/// ```
/// use casemate::{kv, testing::Script};
///
/// let script = Script::new().kv_add("cases/done", 1, Ok(42));
/// let ever = script.run(|| kv::add("cases/done", 1));
/// assert_eq!(ever, Ok(42));
/// ```
///
/// # Errors
/// Refused when the agent may not write the key, when the value is no counter or when the counter would overflow.
pub fn add(key: &str, delta: i64) -> Result<i64, Refusal> {
    world::kv_add(key, delta)
}

/// The value under a key, read as JSON.
///
/// ```
/// use casemate::{kv, testing::Script};
///
/// #[derive(Debug, PartialEq, serde::Deserialize)]
/// struct Mark {
///     last: u64,
/// }
///
/// let script = Script::new().kv_get("cases/mark", Ok(Some(r#"{"last": 17}"#.into())));
/// let mark = script.run(|| kv::get_json::<Mark>("cases/mark"));
/// assert_eq!(mark, Ok(Some(Mark { last: 17 })));
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
/// ```
/// use casemate::{kv, testing::Script};
///
/// #[derive(serde::Serialize)]
/// struct Mark {
///     last: u64,
/// }
///
/// let script = Script::new().kv_set("cases/mark", r#"{"last":17}"#, Ok(()));
/// let set = script.run(|| kv::set_json("cases/mark", &Mark { last: 17 }));
/// assert_eq!(set, Ok(()));
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
