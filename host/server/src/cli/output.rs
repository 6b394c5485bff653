//! Printing: data to standard output, talk to standard error, colours only where a terminal takes them. A reader that
//! went away ends nothing. It doesn't know what is printed.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

/// Prints a line of data.
pub(super) fn line(text: &str) {
    let _reader_gone = writeln!(anstream::stdout(), "{text}");
}

/// Prints a line of talk.
pub(super) fn error_line(text: &str) {
    let _reader_gone = writeln!(anstream::stderr(), "{text}");
}

/// Shows how far something is, in the place of what it showed before; nothing ends it.
pub(super) fn progress(text: &str) {
    let mut terminal = anstream::stderr();
    let _reader_gone = write!(terminal, "\r{text}\x1b[K").and_then(|()| terminal.flush());
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Something went as it should.
pub(super) fn good(text: &str) -> String {
    styled(AnsiColor::Green.on_default(), text)
}

/// Something was refused or is wrong.
pub(super) fn bad(text: &str) -> String {
    styled(AnsiColor::Red.on_default().bold(), text)
}

/// Something deserves a look.
pub(super) fn notable(text: &str) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}

/// Something is there for those who look for it.
pub(super) fn dim(text: &str) -> String {
    styled(Style::new().dimmed(), text)
}

/// A heading.
pub(super) fn heading(text: &str) -> String {
    styled(Style::new().bold(), text)
}

/// A table without lines, which people can read and `column` can cut.
pub(super) fn table(heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heads.iter().map(|head| head.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt()
}

/// Names and values, one a line.
pub(super) fn facts(rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.add_rows(rows);
    table.trim_fmt()
}

/// Most characters that are shown of a name that a stranger chose.
const NAME: usize = 200;

/// A stranger's words on a terminal: whatever would move the cursor, hide or turn text around is spelled out.
pub(super) fn printable(words: &str) -> String {
    let mut text = String::new();
    for character in words.chars().take(NAME) {
        if matches!(character, ' '..='~' | '…') || character.is_alphanumeric() {
            text.push(character);
        } else {
            text.extend(character.escape_unicode());
        }
    }
    if words.chars().nth(NAME).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_stranger_moves_no_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\n"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}");
        assert_eq!(printable("wasi:cli/run@0.2.0 ä"), "wasi:cli/run@0.2.0 ä");
        assert_eq!(printable(&"x".repeat(300)).chars().count(), 201);
    }
}
