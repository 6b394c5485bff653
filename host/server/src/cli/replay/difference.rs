//! Two documents side by side: where they differ, place by place. Tokens count by their class where one was made anew, since
//! nobody away from the host can make the same ones. It doesn't know what the documents are.

use casemate_pii::find_tokens;
use serde_json::Value;

/// Most places that are told of.
const MOST: usize = 20;

/// One place at which they differ.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct Changed {
    /// Where, as a JSON pointer (RFC 6901).
    pub(in crate::cli) path: String,
    /// What stood there; nothing where there was nothing.
    pub(in crate::cli) then: Option<Value>,
    /// What stands there now.
    pub(in crate::cli) now: Option<Value>,
}

/// Every place at which they differ; some, where there are many.
pub(in crate::cli) fn changes(then: &Value, now: &Value) -> Vec<Changed> {
    let mut found = Vec::new();
    walk("", then, now, &mut found);
    found
}

fn walk(path: &str, then: &Value, now: &Value, found: &mut Vec<Changed>) {
    match (then, now) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let added = theirs.keys().filter(|key| !ours.contains_key(*key));
            for key in ours.keys().chain(added) {
                let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                both(&path, ours.get(key), theirs.get(key), found);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            for at in 0..ours.len().max(theirs.len()) {
                both(&format!("{path}/{at}"), ours.get(at), theirs.get(at), found);
            }
        }
        (Value::String(ours), Value::String(theirs)) if by_class(ours) == by_class(theirs) => {}
        (ours, theirs) if ours == theirs => {}
        (ours, theirs) => say(path, Some(ours), Some(theirs), found),
    }
}

fn both(path: &str, then: Option<&Value>, now: Option<&Value>, found: &mut Vec<Changed>) {
    match (then, now) {
        (Some(then), Some(now)) => walk(path, then, now, found),
        (then, now) => say(path, then, now, found),
    }
}

fn say(path: &str, then: Option<&Value>, now: Option<&Value>, found: &mut Vec<Changed>) {
    if found.len() < MOST {
        found.push(Changed { path: path.to_owned(), then: then.cloned(), now: now.cloned() });
    }
}

/// The text with each token as its class.
fn by_class(text: &str) -> String {
    let mut plain = String::new();
    let mut from = 0;
    for (place, token) in find_tokens(text) {
        plain.push_str(text.get(from..place.start).unwrap_or_default());
        plain.push_str(&format!("<{}_*>", token.class().as_str()));
        from = place.end;
    }
    plain.push_str(text.get(from..).unwrap_or_default());
    plain
}

#[cfg(test)]
mod tests {
    use super::changes;
    use serde_json::json;

    #[test]
    fn each_place_is_told_of_once() {
        let (then, now) = (json!({"a": [1, 2], "b~": "x", "c": 1}), json!({"a": [1, 3, 4], "b~": "y"}));
        let found = changes(&then, &now);
        let paths: Vec<&str> = found.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["/a/1", "/a/2", "/b~0", "/c"]);
        assert!(changes(&then, &then).is_empty());
        let many = json!((0..100).collect::<Vec<_>>());
        assert_eq!(changes(&many, &json!([])).len(), super::MOST);
    }
}
