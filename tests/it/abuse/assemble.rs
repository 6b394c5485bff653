//! From a guest's text to a component: parts that many share are put in where a line asks for them, and the manifest
//! goes to the end, as `casemate build` puts it. It doesn't know what the guest is up to.

use std::fs;

use super::script::{Guest, folder};
use crate::host::Tested;

/// Deepest that a part may ask for parts.
const DEPTH: usize = 3;
const ASKS: &str = ";; include: ";
const SECTION: &str = "casemate:manifest";

/// The component of a guest.
pub(super) fn component(guest: &Guest) -> Tested<Vec<u8>> {
    let text = whole(&guest.text, 0)?;
    let bytes = wat::parse_str(&text).map_err(|error| format!("{}: {error}", guest.name))?;
    Ok(if guest.manifest { with_manifest(bytes, &manifest(&guest.name, &guest.grants)?) } else { bytes })
}

/// The text with its parts.
fn whole(text: &str, depth: usize) -> Tested<String> {
    if depth > DEPTH {
        return Err("parts ask for each other".into());
    }
    let mut out = String::new();
    for line in text.lines() {
        match line.trim_start().strip_prefix(ASKS) {
            Some(part) => {
                let part = fs::read_to_string(folder().join(format!("parts/{part}.wat")))?;
                out.push_str(&whole(&part, depth + 1)?);
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Ok(out)
}

/// A manifest that asks for these tools.
pub(super) fn manifest(name: &str, grants: &[String]) -> Tested<String> {
    let mut text = format!("[agent]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    for grant in grants {
        let (tool, verbs, resources) = rule(grant)?;
        text.push_str(&format!("[[capability]]\ntool = \"{tool}\"\nverbs = {verbs:?}\n"));
        if !resources.is_empty() {
            text.push_str(&format!("resources = {resources:?}\n"));
        }
    }
    Ok(text)
}

/// A grant's tool, verbs and resources.
pub(super) type Rule = (&'static str, &'static [&'static str], &'static [&'static str]);

/// What a word of a guest's head grants.
pub(super) fn rule(grant: &str) -> Tested<Rule> {
    Ok(match grant {
        "log" => ("log", &["write"], &[]),
        "clock" => ("clock", &["read", "wait"], &[]),
        "clock-read" => ("clock", &["read"], &[]),
        "random" => ("random", &["read"], &[]),
        "kv" => ("kv", &["read", "write"], &["probe/*"]),
        "sql" => ("sql", &["read"], &["public.assessments"]),
        other => return Err(format!("nobody knows the grant `{other}`").into()),
    })
}

/// The component with its manifest in a custom section.
pub(super) fn with_manifest(mut component: Vec<u8>, manifest: &str) -> Vec<u8> {
    let mut named = Vec::new();
    leb128(&mut named, SECTION.len());
    named.extend_from_slice(SECTION.as_bytes());
    named.extend_from_slice(manifest.as_bytes());
    component.extend_from_slice(&section(0, &named));
    component
}

/// A section of a component or module.
pub(super) fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    leb128(&mut section, contents.len());
    section.extend_from_slice(contents);
    section
}

fn leb128(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[test]
fn a_manifest_that_was_put_in_can_be_taken_out() -> Tested {
    let bare = wat::parse_str("(component)")?;
    let packed = with_manifest(bare.clone(), &"x".repeat(300));
    assert_eq!(crate::component::without_section(&packed, SECTION)?, bare);
    Ok(())
}
