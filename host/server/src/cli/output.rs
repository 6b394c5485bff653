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
