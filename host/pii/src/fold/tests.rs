//! What is folded, what is kept, and that the way back is right.

use std::borrow::Cow;

use super::Folded;

#[test]
fn disguises_are_undone() {
    for (original, plain) in [
        ("１２３", "123"),
        ("٣٤", "34"),
        ("𝟏𝟐", "12"),
        ("ａ＠ｂ．ｃ", "a@b.c"),
        ("1\u{200b}2\u{ad}3", "123"),
        ("1\u{336}2\u{fe0f}\u{20e3}", "12"),
        ("1\u{a0}2\u{2011}3", "1 2-3"),
        ("e\u{301}", "é"),
        ("é ж", "é ж"),
        ("①", "1"),
    ] {
        assert_eq!(Folded::new(Cow::Borrowed(original)).text(), plain, "{original:?}");
    }
}

#[test]
fn spans_lead_back() {
    let original = "x１\u{200b}２y";
    let folded = Folded::new(Cow::Borrowed(original));
    assert_eq!(folded.text(), "x12y");
    let back = |from, to| folded.original(from..to).and_then(|span| original.get(span));
    assert_eq!(back(1, 3), Some("１\u{200b}２"));
    assert_eq!(back(0, 4), Some(original));
    assert_eq!(back(3, 3), None);
}
