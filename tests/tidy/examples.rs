//! Every public item of the SDK shows itself at work, in an example that is compiled and run with the tests: it is what
//! agent authors read first, and an example that nobody runs is wrong one day.

use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta, Visibility};

use super::tree::{File, files};
use super::violation::{Violation, assert_none};

const SDK: &str = "guest-sdk/src/";

fn examples(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && file.path.starts_with(SDK)) {
        match syn::parse_file(&file.text) {
            // A module inside a test or a hidden one is nobody's reading.
            Ok(parsed) => parsed.items.iter().for_each(|item| look_at(file, item, &mut violations)),
            Err(error) => violations.push(Violation::of(&file.path, error.to_string())),
        }
    }
    violations
}

fn look_at(file: &File, item: &Item, violations: &mut Vec<Violation>) {
    let mut say = |name: &dyn ToString, attributes: &[Attribute], line: usize| {
        if !is_run(attributes) {
            let message = format!("`{}` is public and has no example that is run", name.to_string());
            violations.push(Violation::at(&file.path, line, message));
        }
    };
    let (name, attributes, visibility) = match item {
        Item::Fn(item) => (&item.sig.ident, &item.attrs, &item.vis),
        Item::Struct(item) => (&item.ident, &item.attrs, &item.vis),
        Item::Enum(item) => (&item.ident, &item.attrs, &item.vis),
        Item::Trait(item) => (&item.ident, &item.attrs, &item.vis),
        Item::Type(item) => (&item.ident, &item.attrs, &item.vis),
        Item::Const(item) => (&item.ident, &item.attrs, &item.vis),
        Item::Macro(item) if item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")) => {
            let name = item.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            return say(&name, &item.attrs, item.span().start().line);
        }
        Item::Impl(item) if item.trait_.is_none() => {
            for inner in &item.items {
                let (name, attributes, visibility) = match inner {
                    ImplItem::Fn(inner) => (&inner.sig.ident, &inner.attrs, &inner.vis),
                    ImplItem::Const(inner) => (&inner.ident, &inner.attrs, &inner.vis),
                    _ => continue,
                };
                if matches!(visibility, Visibility::Public(_)) && !is_hidden(attributes) {
                    say(name, attributes, name.span().start().line);
                }
            }
            return;
        }
        _ => return,
    };
    if matches!(visibility, Visibility::Public(_)) && !is_hidden(attributes) {
        say(name, attributes, name.span().start().line);
    }
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc") && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "hidden")
    })
}

/// Whether the documentation has a block of code that runs.
fn is_run(attributes: &[Attribute]) -> bool {
    let mut inside = false;
    attributes.iter().filter_map(line).any(|line| match line.trim().strip_prefix("```") {
        Some(words) => {
            let opens = !inside;
            inside = opens;
            opens && matches!(words, "" | "should_panic")
        }
        None => false,
    })
}

/// One line of documentation.
fn line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn what_is_public_shows_itself_at_work() -> std::io::Result<()> {
    assert_none(&examples(&files()?));
    Ok(())
}

#[test]
fn planted_items_without_an_example_are_found() {
    let found = |text: &str| examples(&[File::planted("guest-sdk/src/a.rs", text)]).len();
    for text in [
        "pub fn f() {}",
        "/// Words.\npub struct S;",
        "/// ```no_run\n/// f()\n/// ```\npub fn f() {}",
        "/// ```ignore\n/// f()\n/// ```\npub enum E {}",
        "pub struct S { pub a: u8 }",
        "impl S { pub fn f(&self) {} }",
        "impl S { pub const C: u8 = 1; }",
        "#[macro_export]\nmacro_rules! m { () => {} }",
    ] {
        assert_eq!(found(text), 1, "{text}");
    }
    for text in [
        "fn f() {}",
        "pub(crate) fn f() {}",
        "#[doc(hidden)]\npub fn f() {}",
        "impl T for S { fn f(&self) {} }",
        "impl S { fn f(&self) {} }",
        "/// ```\n/// f()\n/// ```\npub fn f() {}",
        "/// ```no_run\n/// f()\n/// ```\n/// and\n/// ```should_panic\n/// g()\n/// ```\npub fn f() {}",
        "macro_rules! m { () => {} }",
        "mod tests { pub fn f() {} }",
    ] {
        assert_eq!(found(text), 0, "{text}");
    }
    let elsewhere = File::planted("host/gate/src/a.rs", "pub fn f() {}");
    assert_none(&examples(&[elsewhere]));
}
