//! Rules as a policy's author would write them, to be pasted into one. It doesn't know whether anybody should.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Rule;
use crate::call::{Tool, Verb};

/// Grants of exactly these rules, as TOML.
#[must_use]
pub fn snippet(rules: &[Rule]) -> String {
    // Resources with the same verbs stand together.
    let mut verbs: BTreeMap<(Tool, String), BTreeSet<Verb>> = BTreeMap::new();
    for rule in rules {
        verbs.entry((rule.tool(), rule.name().unwrap_or_default())).or_default().insert(rule.verb());
    }
    let mut blocks: BTreeMap<(Tool, BTreeSet<Verb>), Vec<String>> = BTreeMap::new();
    for ((tool, resource), verbs) in verbs {
        blocks.entry((tool, verbs)).or_default().push(resource);
    }
    let block = |((tool, verbs), resources): ((Tool, BTreeSet<Verb>), Vec<String>)| {
        let list = |words: Vec<String>| words.join(", ");
        let mut text = format!("[[grant]]\ntool = \"{}\"\n", tool.name());
        let verbs = list(verbs.iter().map(|verb| format!("\"{}\"", verb.name())).collect());
        let _always = writeln!(text, "verbs = [{verbs}]");
        if tool.needs_database() {
            let _always = writeln!(text, "resources = [{}]", list(resources.iter().map(|word| quoted(word)).collect()));
        }
        text
    };
    blocks.into_iter().map(block).collect::<Vec<_>>().join("\n")
}

/// A basic string of TOML. A manifest's author chose the words, so whatever doesn't show itself is escaped.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for character in word.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            _ if character.is_alphanumeric() => text.push(character),
            _ => {
                let _always = write!(text, "\\U{:08X}", u32::from(character));
            }
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::snippet;
    use crate::policy::{Manifest, PolicyError};

    const HEAD: &str = "[agent]\nname = \"a\"\nversion = \"1\"\n";

    fn manifest(rules: &str) -> Result<Manifest, PolicyError> {
        Manifest::parse(&format!("{HEAD}{rules}"))
    }

    #[test]
    fn what_was_read_is_written_and_read_again() -> Result<(), PolicyError> {
        let rules = r#"
[[capability]]
tool = "sql"
verbs = ["read", "write"]
resources = ["public.b", "public.a"]
[[capability]]
tool = "sql"
verbs = ["read"]
resources = ["public.c"]
[[capability]]
tool = "kv"
verbs = ["write"]
resources = ["a\"b\\c\u202e\n/*", "ä/*"]
[[capability]]
tool = "clock"
verbs = ["wait", "read"]
"#;
        let manifest = manifest(rules)?;
        let text = snippet(manifest.rules());
        assert!(text.contains("verbs = [\"read\", \"write\"]\nresources = [\"public.a\", \"public.b\"]\n"), "{text}");
        assert!(text.is_ascii() || text.contains('ä'), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");

        let again = self::manifest(&text.replace("[[grant]]", "[[capability]]"))?;
        let sorted = |rules: &[crate::policy::Rule]| {
            let mut rules: Vec<_> = rules.iter().map(|rule| format!("{rule:?}")).collect();
            rules.sort();
            rules
        };
        assert_eq!(sorted(again.rules()), sorted(manifest.rules()));
        assert_eq!(snippet(again.rules()), text);
        Ok(())
    }

    #[test]
    fn nothing_is_written_for_nothing() {
        assert_eq!(snippet(&[]), "");
    }
}
