//! JSON as people read and edit it: fields in the order in which they were written, and each list or object on one line
//! where it fits, so that a row of a table stays a row. It doesn't know what the fields mean.

use serde_json::Value;

/// Columns that a line may have.
const WIDTH: usize = 110;

/// A document with its fields in order.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    /// Fields by name.
    Fields(Vec<(String, Layout)>),
    /// Anything else, and objects whose fields have no order of their own.
    Plain(Value),
    /// A list of documents, each on lines of its own.
    List(Vec<Layout>),
}

impl Layout {
    /// The text, with a line feed at its end.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(0, 0, &mut text);
        text.push('\n');
        text
    }

    fn write(&self, indent: usize, before: usize, text: &mut String) {
        let line = self.line();
        let outermost = indent == 0 && matches!(self, Self::Fields(_));
        if !outermost && before + line.chars().count() <= WIDTH {
            text.push_str(&line);
            return;
        }
        match self {
            Self::Fields(fields) => {
                let items =
                    fields.iter().map(|(name, value)| (format!("{}: ", Value::from(name.as_str())), value.clone()));
                block('{', '}', items.collect(), indent, text);
            }
            Self::List(items) => {
                let items = items.iter().map(|item| (String::new(), item.clone()));
                block('[', ']', items.collect(), indent, text);
            }
            Self::Plain(Value::Array(items)) => {
                let items = items.iter().map(|item| (String::new(), Self::Plain(item.clone())));
                block('[', ']', items.collect(), indent, text);
            }
            Self::Plain(Value::Object(fields)) => {
                let name = |name: &str| format!("{}: ", Value::from(name));
                let items = fields.iter().map(|(key, value)| (name(key), Self::Plain(value.clone())));
                block('{', '}', items.collect(), indent, text);
            }
            Self::Plain(_) => text.push_str(&line),
        }
    }

    /// All of it on one line.
    fn line(&self) -> String {
        let joined = |words: Vec<String>| words.join(", ");
        let field = |name: &str, line: String| format!("{}: {line}", Value::from(name));
        match self {
            Self::Fields(fields) => {
                let fields = fields.iter().map(|(name, value)| field(name, value.line()));
                format!("{{{}}}", joined(fields.collect()))
            }
            Self::List(items) => format!("[{}]", joined(items.iter().map(Self::line).collect())),
            Self::Plain(Value::Array(items)) => {
                format!("[{}]", joined(items.iter().map(|item| Self::Plain(item.clone()).line()).collect()))
            }
            Self::Plain(Value::Object(fields)) => {
                let fields = fields.iter().map(|(name, value)| field(name, Self::Plain(value.clone()).line()));
                format!("{{{}}}", joined(fields.collect()))
            }
            Self::Plain(plain) => plain.to_string(),
        }
    }
}

/// Items between brackets, one below the other.
fn block(open: char, close: char, items: Vec<(String, Layout)>, indent: usize, text: &mut String) {
    let inner = indent + 2;
    text.push(open);
    for (at, (name, item)) in items.iter().enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(inner));
        text.push_str(name);
        item.write(inner, inner + name.chars().count() + 1, text);
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

#[cfg(test)]
mod tests {
    use super::Layout;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn what_fits_stays_on_its_line() {
        let rows = json!([["x".repeat(60), 1, null], ["y".repeat(60), 2, {"uuid": "u"}]]);
        let fields = vec![
            ("zeta".to_owned(), Layout::Plain(json!(1))),
            ("alpha".to_owned(), Layout::List(vec![Layout::Plain(rows)])),
        ];
        let (x, y) = ("x".repeat(60), "y".repeat(60));
        let expected = format!(
            "{{\n  \"zeta\": 1,\n  \"alpha\": [\n    [\n      [\"{x}\", 1, null],\n      [\"{y}\", 2, \
             {{\"uuid\": \"u\"}}]\n    ]\n  ]\n}}\n"
        );
        assert_eq!(Layout::Fields(fields).text(), expected);
    }

    proptest! {
        #[test]
        fn it_is_the_same_document(words in prop::collection::vec(".{0,80}", 0..8), number in any::<i64>()) {
            let document = json!({"a": words, "b": [[number], {"c": words}], "d": {}});
            let text = Layout::Plain(document.clone()).text();
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
        }
    }
}
