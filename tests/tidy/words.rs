//! Words that stay out: promises for later, lints that are switched off without a reason, and SQL that was put
//! together at run time outside the one place that answers for it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tree::{File, files};
use super::violation::{Violation, assert_none};

/// Written in two parts, so that this file does not break its own rule.
const BANNED: [&str; 5] = [
    concat!("to", "do!"),
    concat!("un", "implemented!"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];

/// sqlx's mark for SQL that is not a literal.
const MARK: &str = "AssertSqlSafe";

fn banned(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files {
        for (line, text) in (1..).zip(file.text.lines()) {
            let words = BANNED.iter().filter(|word| stands_alone(text, word));
            violations
                .extend(words.map(|word| Violation::at(&file.path, line, format!("`{word}`: do it, or say why"))));
        }
    }
    violations
}

/// Whether a word is in a line and not a part of a longer one.
fn stands_alone(text: &str, word: &str) -> bool {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(start + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(joins) && (word.ends_with('!') || !after.is_some_and(joins))
    })
}

/// `#[expect(lint, reason = "…")]` is the form of an exception: it fails when it is no longer needed.
fn allowed_lints(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, tokens) in files.iter().filter_map(|file| Some((file, tokens(file)?))) {
        let mut lines = Vec::new();
        attributes(tokens, &mut |attribute| lines.extend(line_of(attribute, "allow")));
        let message = "`allow` where `#[expect(lint, reason = \"…\")]` belongs";
        violations.extend(lines.into_iter().map(|line| Violation::at(&file.path, line, message)));
    }
    violations
}

fn sql_marks(files: &[File]) -> Vec<Violation> {
    let places = files.iter().filter_map(|file| Some((file, line_of(tokens(file)?, MARK)?)));
    let places: Vec<_> = places.collect();
    if let [_] = places.as_slice() {
        return Vec::new();
    }
    let message = format!("`{MARK}` in {} files; one place answers for it", places.len());
    if places.is_empty() {
        return vec![Violation::of("host/store", message)];
    }
    places.into_iter().map(|(file, line)| Violation::at(&file.path, line, message.clone())).collect()
}

/// What does not parse is found by others.
fn tokens(file: &File) -> Option<TokenStream> {
    file.is_rust().then(|| file.text.parse().ok()).flatten()
}

/// Hands over the insides of `#[…]` and `#![…]`, in macros and quotations too.
fn attributes(tokens: TokenStream, found: &mut impl FnMut(TokenStream)) {
    let mut after_hash = false;
    for token in tokens {
        match token {
            TokenTree::Punct(punct) => after_hash = punct.as_char() == '#' || (after_hash && punct.as_char() == '!'),
            TokenTree::Group(group) => {
                if after_hash && group.delimiter() == Delimiter::Bracket {
                    found(group.stream());
                } else {
                    attributes(group.stream(), found);
                }
                after_hash = false;
            }
            _ => after_hash = false,
        }
    }
}

/// The first line where a name stands.
fn line_of(tokens: TokenStream, name: &str) -> Option<usize> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => (ident == name).then(|| ident.span().start().line),
        TokenTree::Group(group) => line_of(group.stream(), name),
        _ => None,
    })
}

#[test]
fn nothing_is_left_for_later() -> std::io::Result<()> {
    assert_none(&banned(&files()?));
    Ok(())
}

#[test]
fn no_lint_is_switched_off() -> std::io::Result<()> {
    assert_none(&allowed_lints(&files()?));
    Ok(())
}

#[test]
fn one_place_answers_for_sql() -> std::io::Result<()> {
    assert_none(&sql_marks(&files()?));
    Ok(())
}

#[test]
fn planted_words_are_found() {
    for word in BANNED {
        let file = File::planted("docs/a.md", &format!("fine\nnot {word} fine\n"));
        assert_eq!(banned(&[file]).len(), 1, "{word}");
    }
    let fine = ["SHACKLE", "XXXL", "my_HACK", "methodo!"].map(|word| File::planted("a.md", word));
    assert_none(&banned(&fine));
}

#[test]
fn planted_attributes_are_found() {
    for text in ["#![allow(dead_code)]", "#[cfg_attr(test, allow(x))] fn f() {}", "quote! { #[allow(x)] fn f() {} }"] {
        assert_eq!(allowed_lints(&[File::planted("a.rs", text)]).len(), 1, "{text}");
    }
    let fine = "/// `#[allow]`\n#[expect(x, reason = \"allow\")] fn allow() { let a = [allow]; }";
    assert_none(&allowed_lints(&[File::planted("a.rs", fine)]));
}

#[test]
fn planted_marks_are_found() {
    let mark = |path| File::planted(path, "use sqlx::AssertSqlSafe;");
    assert_eq!(sql_marks(&[mark("a.rs"), mark("b.rs")]).len(), 2);
    assert_eq!(sql_marks(&[]).len(), 1);
    assert_none(&sql_marks(&[mark("a.rs"), File::planted("b.rs", "// AssertSqlSafe")]));
}
