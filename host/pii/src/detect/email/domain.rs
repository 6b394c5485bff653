//! The part of a mail address after the sign. Knows the syntax of host names (RFC 1035, RFC 5890), not which exist.

use super::Input;

/// The longest domain in octets (RFC 1035 section 2.3.4), and the longest label.
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

pub(super) struct Domain {
    pub(super) end: usize,
    pub(super) name: String,
    /// Whether a dot was written as a word.
    pub(super) spelt: bool,
}

/// The domain that begins at `start`: two labels or more, the last one able to be a top-level domain.
pub(super) fn read(input: &Input<'_>, start: usize) -> Option<Domain> {
    let mut labels: Vec<(usize, &str)> = Vec::new();
    let mut at = start;
    let mut spelt_from = None;
    loop {
        let end = at + label(input, at);
        let text = input.text.get(at..end)?.trim_end_matches('-');
        if text.is_empty() || text.starts_with('-') || end - start > LONGEST {
            break;
        }
        labels.push((at + text.len(), text));
        let Some((next, spelt)) = dot(input, end) else {
            break;
        };
        if spelt {
            spelt_from.get_or_insert(labels.len());
        }
        at = next;
    }
    // A sentence or a path may follow the domain: give back what cannot be a top-level domain.
    while let Some((end, last)) = labels.last().copied() {
        if is_top_level(last) {
            break;
        }
        match last.split_once('-') {
            Some((head, _)) if is_top_level(head) => {
                labels.pop();
                labels.push((end - last.len() + head.len(), head));
            }
            _ => {
                labels.pop();
            }
        }
    }
    let (end, last) = labels.last().copied()?;
    let names: Vec<&str> = labels.iter().map(|(_, name)| *name).collect();
    let version = names.len() > 2 && names.iter().take(2).all(|name| is_number(name));
    if names.len() < 2 || version || is_file_type(last) {
        return None;
    }
    Some(Domain { end, name: names.join("."), spelt: spelt_from.is_some_and(|from| from < names.len()) })
}

fn label(input: &Input<'_>, at: usize) -> usize {
    let end = input.bytes.len().min(at + LONGEST_LABEL);
    let length = input
        .bytes
        .get(at..end)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii() || **byte == b'-')
        .count();
    (0..=length).rev().find(|length| input.text.is_char_boundary(at + length)).unwrap_or(0)
}

/// Where the label after a dot at `at` begins, and whether the dot was spelt: `.`, `[dot]`, ` (dot) `, ` dot `.
fn dot(input: &Input<'_>, at: usize) -> Option<(usize, bool)> {
    if input.at(at) == b'.' {
        return Some((at + 1, false));
    }
    let mut at = at;
    let spaced = input.at(at) == b' ' && at < input.bytes.len();
    at += usize::from(spaced);
    let bracket = matches!(input.at(at), b'[' | b'(' | b'{');
    at += usize::from(bracket);
    let word = input.bytes.get(at..at + 3)?;
    at += 3;
    let closed = !bracket || matches!(input.at(at), b']' | b')' | b'}');
    at += usize::from(bracket);
    let gap = input.bytes.get(at) == Some(&b' ');
    (word.eq_ignore_ascii_case(b"dot") && closed && (bracket || (spaced && gap)))
        .then_some((at + usize::from(gap), true))
}

fn is_top_level(label: &str) -> bool {
    let plain = label.chars().all(char::is_alphabetic) && (2..=24).contains(&label.chars().count());
    let puny = label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"));
    plain || (puny && label.len() > 5)
}

fn is_number(label: &str) -> bool {
    label.bytes().all(|byte| byte.is_ascii_digit())
}

/// Endings that are no top-level domains and do follow an `@` in file names and unit names.
fn is_file_type(label: &str) -> bool {
    [
        "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "js", "jsx", "tsx", "css", "json", "html", "tgz", "gz",
        "jar", "whl", "exe", "dll", "yaml", "yml", "toml", "lock", "txt", "xml", "service", "socket", "timer", "slice",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(label))
}
