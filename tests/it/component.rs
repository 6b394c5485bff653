//! Takes components apart as far as tests need it: their outermost sections. It doesn't know what they mean.

use crate::host::Tested;

/// Bytes of the preamble.
const PREAMBLE: usize = 8;

/// The component without the custom section of this name.
pub(crate) fn without_section(component: &[u8], name: &str) -> Tested<Vec<u8>> {
    let (preamble, mut rest) = component.split_at_checked(PREAMBLE).ok_or("there is no preamble")?;
    let mut kept = preamble.to_vec();
    let mut found = false;
    while let Some((id, after)) = rest.split_first() {
        let (length, body) = leb128(after)?;
        let (section, next) = body.split_at_checked(length).ok_or("a section is cut short")?;
        let (size, named) = if *id == 0 { leb128(section)? } else { (0, section) };
        if *id == 0 && named.get(..size) == Some(name.as_bytes()) {
            found = true;
        } else {
            kept.extend_from_slice(rest.get(..rest.len() - next.len()).unwrap_or_default());
        }
        rest = next;
    }
    if found { Ok(kept) } else { Err(format!("there is no section `{name}`").into()) }
}

/// An unsigned LEB128 number, and what follows it.
fn leb128(bytes: &[u8]) -> Tested<(usize, &[u8])> {
    let mut number = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok((number, bytes.get(at + 1..).unwrap_or_default()));
        }
    }
    Err("a length is cut short".into())
}
