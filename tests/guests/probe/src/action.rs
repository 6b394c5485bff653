//! What the probe can be told to do: the shape of its input.

use serde::{Deserialize, Serialize};

/// One action: `{"do": "<name>", …}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Action {
    /// Replies `{"columns": […], "rows": [[cell, …], …]}`.
    SqlQuery {
        statement: String,
        #[serde(default)]
        parameters: Vec<Cell>,
    },
    /// Replies the number of rows changed.
    SqlExecute {
        statement: String,
        #[serde(default)]
        parameters: Vec<Cell>,
    },
    /// Replies the rows of its RETURNING.
    SqlReturning {
        statement: String,
        #[serde(default)]
        parameters: Vec<Cell>,
    },
    /// Reads the query in pieces, `most` rows at most. Replies how many rows it read, and the last of them.
    SqlStream {
        statement: String,
        #[serde(default)]
        parameters: Vec<Cell>,
        #[serde(default = "all")]
        most: usize,
    },
    /// Does actions in a transaction, where those of `sql` are of it, and commits it or drops it. Replies with the list of
    /// their replies and what came of the commit.
    SqlTransaction { actions: Vec<Action>, commit: bool },
    /// Opens so many streams of one row and reads none. Replies how many could be opened, with the first refusal.
    SqlHold { streams: usize },
    /// Replies the value (text, or a list of bytes where it is no UTF-8) or null.
    KvGet { key: String },
    /// Replies null.
    KvSet { key: String, value: Blob },
    /// Replies whether the key was there.
    KvDelete { key: String },
    /// Replies the counter's new value.
    KvAdd { key: String, delta: i64 },
    /// Replies null.
    Log {
        #[serde(default)]
        level: Level,
        message: Text,
    },
    /// Replies milliseconds since 1970.
    Clock,
    /// Replies null.
    Sleep { ms: u64 },
    /// Replies 32 random bytes in hexadecimal.
    Random,
    /// Replies the value itself, without any call.
    Echo { value: serde_json::Value },
    /// Replies a text of so many bytes, without any call: for tests of the result's size.
    Fill { length: usize },
    /// Counts to a number, without any call: for tests of fuel. Replies null.
    Burn { turns: u64 },
    /// Takes and keeps memory, without any call: for tests of memory. Replies null.
    Hold { bytes: usize },
    /// Does actions so many times over. Replies how many calls were answered and refused, with the first refusal.
    Repeat { times: u64, actions: Vec<Action> },
    /// Does actions that are spelled in letters, two for each byte of their JSON: personal data in them is not seen
    /// before the probe has put it together. Replies with the list of their replies.
    Spelled { letters: String },
    /// Does one action; if it is refused, the run ends with that refusal.
    Insist { action: Box<Action> },
    /// Ends the run with an error of the agent's own.
    Fail { message: String },
    /// Ends the run with a refusal that no host made.
    Refuse { message: String },
    /// Ends the run as if its input did not fit.
    InvalidInput { message: String },
    /// Panics.
    Panic { message: String },
}

/// As many rows as there are.
const fn all() -> usize {
    usize::MAX
}

/// A parameter or a cell. Numbers with a point are `double precision`, strings are text.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    Null(()),
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Other(Other),
}

/// Cells that JSON has no notation for: `{"uuid": "…"}`, `{"json": …}`, `{"bytes": […]}`, `{"fill": 4096}`,
/// `{"numeric": "1.50"}`, `{"instant": "…"}`, `{"day": "…"}`, `{"array": […]}`, and what is shown only.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Other {
    Uuid(String),
    Json(serde_json::Value),
    Bytes(Vec<u8>),
    Fill(usize),
    Numeric(String),
    Instant(String),
    Day(String),
    Array(Vec<Cell>),
}

/// A value of `kv`: a string, a list of bytes, or `{"fill": 4096}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Blob {
    Text(String),
    Bytes(Vec<u8>),
    Fill { fill: usize },
}

/// A message: a string or `{"fill": 4096}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Plain(String),
    Fill { fill: usize },
}

/// A level of the log.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    Debug,
    #[default]
    Info,
    Warn,
    Error,
}

#[cfg(test)]
mod tests {
    use super::Action;

    #[test]
    fn actions_are_read_from_json() -> Result<(), serde_json::Error> {
        let text = r#"[
            {"do": "sql-query", "statement": "select $1", "parameters": [null, 1, 1.5, "x", true, {"uuid": "u"}]},
            {"do": "kv-set", "key": "k", "value": {"fill": 3}},
            {"do": "repeat", "times": 3, "actions": [{"do": "log", "message": "m"}, {"do": "random"}]},
            {"do": "insist", "action": {"do": "clock"}}
        ]"#;
        let actions: Vec<Action> = serde_json::from_str(text)?;
        let shown = format!("{actions:?}");
        assert!(shown.contains("[Null(()), Integer(1), Float(1.5), Text(\"x\"), Boolean(true), Other(Uuid(\"u\"))]"));
        assert!(shown.contains("Insist { action: Clock }"));
        Ok(())
    }

    #[test]
    fn an_unknown_action_is_named() {
        let error = serde_json::from_str::<Action>(r#"{"do": "fly"}"#).map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| { error.starts_with("unknown variant `fly`, expected one of `sql-query`") }));
    }
}
