//! What the program said: its exit status, its lines as JSON, its error. It doesn't know which command it was.

use std::process::Command;

use serde_json::Value;

use crate::host::Tested;

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) lines: Vec<Value>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Tested<Self> {
        let output = command.output()?;
        let stdout = String::from_utf8(output.stdout)?;
        let stderr = String::from_utf8(output.stderr)?;
        Ok(Self { status: output.status.code(), lines: json_lines(&stdout), stdout, stderr })
    }

    /// The same, if it ended with this status.
    pub(crate) fn expect(&self, status: i32) -> Tested<&Self> {
        if self.status == Some(status) {
            return Ok(self);
        }
        Err(format!("ended with {:?}, not {status}:\n{}{}", self.status, self.stdout, self.stderr).into())
    }

    /// The lines of a type.
    pub(crate) fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.lines.iter().filter(move |line| text(line, "/type") == kind)
    }

    /// The line with the result of the first run, or of the only one.
    pub(crate) fn result(&self) -> Tested<&Value> {
        self.of_type("result")
            .next()
            .ok_or_else(|| format!("there is no result:\n{}{}", self.stdout, self.stderr).into())
    }

    /// The probe's reply to an action, from 0.
    pub(crate) fn reply(&self, number: usize) -> Tested<&Value> {
        // Replies to spelled actions are a list in the only reply.
        let result = self.result()?;
        let spelled = result.pointer("/result/0/ok").is_some_and(|replies| {
            replies
                .as_array()
                .is_some_and(|replies| replies.iter().all(|reply| reply.get("ok").or(reply.get("refused")).is_some()))
        });
        let list = if spelled { "/result/0/ok" } else { "/result" };
        let reply = result.pointer(&format!("{list}/{number}"));
        reply.ok_or_else(|| format!("there is no reply {number}:\n{}{}", self.stdout, self.stderr).into())
    }

    /// What the probe got for an action.
    pub(crate) fn answer(&self, number: usize) -> Tested<&Value> {
        let reply = self.reply(number)?;
        reply.get("ok").ok_or_else(|| format!("action {number} was refused: {reply}").into())
    }

    /// The number of the refusal that the probe got for an action; 0 when it was not refused.
    pub(crate) fn refused(&self, number: usize) -> Tested<u64> {
        Ok(self.reply(number)?.pointer("/refused/code").and_then(Value::as_u64).unwrap_or_default())
    }

    /// The number of the refusal that ended the first run; 0 for one that ended with a result.
    pub(crate) fn ended_by(&self) -> Tested<u64> {
        Ok(self.result()?.pointer("/refusal/code").and_then(Value::as_u64).unwrap_or_default())
    }

    /// The id of the first run.
    pub(crate) fn run(&self) -> Tested<String> {
        let started = self.of_type("started").next().map(|line| text(line, "/run").to_owned());
        started.ok_or_else(|| format!("no run was started:\n{}{}", self.stdout, self.stderr).into())
    }

    /// The error, of which there is exactly one.
    pub(crate) fn error(&self) -> Tested<Value> {
        let mut errors = json_lines(&self.stderr);
        errors.retain(|line| text(line, "/type") == "error");
        match (errors.pop(), errors.len()) {
            (Some(error), 0) => Ok(error),
            _ => Err(format!("not one error:\n{}{}", self.stdout, self.stderr).into()),
        }
    }

    /// One error with this code and this exit status, in one line that says what to do.
    pub(crate) fn is_error(&self, code: &str, status: i32) -> Tested {
        self.expect(status)?;
        let error = self.error()?;
        assert_eq!(text(&error, "/code"), code, "{error}");
        assert_eq!(error.get("exit").and_then(Value::as_i64), Some(i64::from(status)), "{error}");
        let message = text(&error, "/message");
        assert!(!message.is_empty() && !message.contains('\n'), "{error}");
        assert_eq!(self.of_type("result").count(), 0, "{}", self.stdout);
        Ok(())
    }
}

/// Actions as the probe does them when they are spelled: nobody sees personal data in them before the probe has put
/// it together, as any guest might.
pub(crate) fn spelled(actions: &Value) -> Value {
    let letter = |digit: u8| char::from(b'a' + digit);
    let letters: String =
        actions.to_string().bytes().flat_map(|byte| [letter(byte >> 4), letter(byte & 0xf)]).collect();
    serde_json::json!([{"do": "spelled", "letters": letters}])
}

/// The text at a place in a document, or nothing.
pub(crate) fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a place in a document, or 0.
pub(crate) fn number(document: &Value, pointer: &str) -> u64 {
    document.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// The lines that are JSON.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
