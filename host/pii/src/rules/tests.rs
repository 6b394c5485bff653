//! Rules as they are made.

use crate::{Class, Confidence, Mode, Rules};

#[test]
fn the_stricter_mode_wins() {
    let rules = Rules::new([(Class::Email, Mode::Strict), (Class::Email, Mode::FlagOnly)]);
    assert_eq!(rules.mode(Class::Email), Mode::Strict);
}

#[test]
fn a_class_that_is_not_named_is_strict() {
    let rules = Rules::new([(Class::Email, Mode::FlagOnly)]).with_threshold(Class::Card, Confidence::MAX);
    assert_eq!((rules.mode(Class::Card), rules.threshold(Class::Card)), (Mode::Strict, Confidence::MAX));
    assert_eq!(
        (rules.mode(Class::Phone), rules.threshold(Class::Phone)),
        (Mode::Strict, Confidence::DEFAULT_THRESHOLD)
    );
}
