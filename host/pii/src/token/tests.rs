//! Tokens as written, as models leave them, and what only looks like one.

use proptest::prelude::*;

use crate::{Class, Token, find_tokens};

fn classes() -> impl Strategy<Value = Class> {
    proptest::sample::select(Class::ALL.to_vec())
}

proptest! {
    #[test]
    fn tokens_are_read_as_written(class in classes(), entropy in any::<[u8; 10]>()) {
        let token = Token::new(class, entropy);
        let written = token.to_string();
        prop_assert_eq!(written.parse(), Ok(token));
        prop_assert_eq!(written.to_lowercase().parse(), Ok(token));
        let bare = written.trim_matches(['<', '>']).to_owned();
        prop_assert_eq!(bare.parse(), Ok(token));
        prop_assert_eq!(bare.replace('_', "-").parse(), Ok(token));
        prop_assert_eq!(format!("&lt;{bare}&gt;").parse(), Ok(token));
        prop_assert_eq!(format!("\\u003c{bare}\\u003e").parse(), Ok(token));
        prop_assert_eq!(find_tokens(&format!("a {written}{written}, {bare}.")).len(), 3);
    }

    #[test]
    fn a_changed_character_is_noticed(class in classes(), entropy in any::<[u8; 10]>(), at in 0_usize..16, by in 1_u8..32) {
        let written = Token::new(class, entropy).to_string();
        let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let place = class.as_str().len() + 2 + at;
        let changed: String = written.chars().enumerate().map(|(here, character)| {
            let value = alphabet.iter().position(|symbol| char::from(*symbol) == character);
            let other = value.and_then(|value| alphabet.get((value + usize::from(by)) % 32));
            if here == place { other.map_or(character, |symbol| char::from(*symbol)) } else { character }
        }).collect();
        prop_assert!(changed.parse::<Token>().is_err());
    }
}

#[test]
fn other_text_is_no_token() {
    for text in ["", "<EMAIL_>", "<EMAIL_0123456789ABCDEF>", "EMAIL", "<NAME_0123456789ABCDEFG>"] {
        assert!(text.parse::<Token>().is_err());
        assert!(find_tokens(text).is_empty());
    }
    let token = Token::new(Class::Card, [1; 10]);
    assert!(find_tokens(&format!("x{}", token.to_string().trim_start_matches('<'))).is_empty());
    assert!(format!("{token} {token}").parse::<Token>().is_err());
}
