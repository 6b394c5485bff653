//! Tells values from placeholders, type names and code. Knows nothing of where a value stands.

/// A value that stands for another or for none: `null`, `***`, `${PASSWORD}`.
pub(super) fn is_placeholder(value: &str) -> bool {
    let masked =
        value.chars().all(|character| matches!(character, '*' | 'x' | 'X' | '•' | '.' | '-' | '_' | '?' | '#'));
    let template = (value.starts_with("${") && value.ends_with('}'))
        || (value.starts_with("{{") && value.ends_with("}}"))
        || (value.starts_with("$(") && value.ends_with(')'))
        || (value.starts_with('%') && value.len() <= 2);
    let nothing = ["null", "none", "nil", "undefined", "true", "false", "redacted", "[redacted]"];
    masked || template || is_one_of(value, &nothing)
}

/// What a value after `password:` or `password is` is worth.
pub(super) fn as_password(value: &str, quoted: bool, prose: bool) -> Option<u16> {
    if value.len() < 3 || is_placeholder(value) || is_code(value) {
        return None;
    }
    let letters = value.chars().all(char::is_alphabetic);
    match (quoted, letters) {
        _ if is_one_of(value, &NOT_PASSWORDS) => None,
        (true, _) | (false, false) => Some(900),
        // A path through a program, `config.db_password`, has no digit and no capital.
        (false, true) => Some(if prose { 600 } else { 350 }),
    }
    .map(|score| if !quoted && is_path(value) { 350 } else { score })
}

/// What a value under the name of a key or token is worth: only what looks drawn at random counts.
pub(super) fn as_key(value: &str) -> Option<u16> {
    let value = ["Bearer ", "bearer ", "Basic ", "Token ", "token "]
        .iter()
        .find_map(|scheme| value.strip_prefix(scheme))
        .unwrap_or(value);
    if value.len() < 8 || is_placeholder(value) || value.contains(char::is_whitespace) {
        return (value.contains('=') && value.len() >= 16 && !is_placeholder(value)).then_some(600);
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let mixed =
        value.bytes().any(|byte| byte.is_ascii_uppercase()) && value.bytes().any(|byte| byte.is_ascii_lowercase());
    match (digits, letters) {
        (1.., 1..) if !is_code(value) => Some(850),
        (_, 20..) if mixed && !is_path(value) && !is_code(value) => Some(700),
        (_, 1..) if !is_path(value) && !is_code(value) && value.len() >= 12 => Some(550),
        _ => None,
    }
}

/// What a value under `pin` or `cvv` is worth.
pub(super) fn as_pin(value: &str) -> Option<u16> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (3..=8).contains(&value.len())).then_some(650)
}

/// An expression of a program instead of a value.
fn is_code(value: &str) -> bool {
    value.contains("::")
        || value.contains("()")
        || (value.contains('(') && !value.contains(')'))
        || value.starts_with(['&', '(', '$'])
        || ["process.env", "os.environ", "self.", "this.", "config.", "env."].iter().any(|path| value.starts_with(path))
}

/// Words joined by dots or underscores, without a digit or capital.
fn is_path(value: &str) -> bool {
    value.contains(['_', '.']) && value.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.'))
}

fn is_one_of(value: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// Types, states and grammar that follow `password:` and `password is`.
const NOT_PASSWORDS: [&str; 52] = [
    "string",
    "str",
    "text",
    "varchar",
    "char",
    "bytes",
    "option",
    "vec",
    "int",
    "bool",
    "any",
    "object",
    "secretstring",
    "password",
    "passwd",
    "pwd",
    "token",
    "secret",
    "required",
    "optional",
    "incorrect",
    "invalid",
    "wrong",
    "not",
    "too",
    "empty",
    "missing",
    "expired",
    "the",
    "your",
    "set",
    "being",
    "stored",
    "hashed",
    "encrypted",
    "valid",
    "correct",
    "needed",
    "must",
    "hidden",
    "sent",
    "used",
    "asked",
    "unknown",
    "also",
    "now",
    "still",
    "only",
    "case",
    "weak",
    "strong",
    "changed",
];
