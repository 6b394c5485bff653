//! The file: a line that says what it is, then sections, each with a line of its name and length before it and a line feed
//! behind it, the last a digest of everything before. Damage is told apart from everything else by that. Every length is
//! held to what there is. It doesn't know what the sections mean together.

use casemate_abi::limits;
use casemate_gate::journal::RowKind;
use casemate_gate::pack::Files;
use casemate_gate::{Epoch, Seq};
use casemate_ledger::Entry;
use sha2::{Digest as _, Sha256};

use super::header::Header;
use super::{EVIDENCE_BYTES, Evidence, EvidenceError, Piece, Terms};
use crate::crossing::frame::Frame;

/// What the file begins with, whatever its version.
const MAGIC: &str = "casemate evidence ";
const VERSION: &str = "1";
/// Longest line before a section.
const HEAD_BYTES: usize = 200;
const HEADER_BYTES: usize = 16 * 1024;

const HEADER: &str = "header";
const COMPONENT: &str = "component";
const POLICY: &str = "policy";
const PACK: &str = "pack/";
const FRAME: &str = "frame/";
const ENTRY: &str = "entry";
const DIGEST: &str = "digest";

pub(super) fn write(header: &Header, evidence: &Evidence) -> Result<Vec<u8>, EvidenceError> {
    let mut file = format!("{MAGIC}{VERSION}\n").into_bytes();
    let head = serde_json::to_vec(header).map_err(|_| EvidenceError::Inconsistent("its header"))?;
    section(&mut file, HEADER, &head);
    section(&mut file, COMPONENT, &evidence.component);
    match &evidence.terms {
        Terms::Text(text) => section(&mut file, POLICY, text.as_bytes()),
        Terms::Pack(files) => {
            for (name, bytes) in files.iter() {
                section(&mut file, &format!("{PACK}{name}"), bytes);
            }
        }
    }
    for Piece { seq, epoch, kind, frame, entry } in &evidence.pieces {
        let bytes = frame.encode().map_err(|_| EvidenceError::Inconsistent("a record"))?;
        section(&mut file, &format!("{FRAME}{seq}/{epoch}/{}", kind.number()), &bytes);
        if let Some(entry) = entry {
            section(&mut file, ENTRY, &entry.to_bytes());
        }
        if file.len() > EVIDENCE_BYTES {
            return Err(EvidenceError::TooLarge { limit: EVIDENCE_BYTES });
        }
    }
    let digest = hex::encode(Sha256::digest(&file));
    section(&mut file, DIGEST, digest.as_bytes());
    Ok(file)
}

fn section(file: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    file.extend_from_slice(format!("{name} {}\n", bytes.len()).as_bytes());
    file.extend_from_slice(bytes);
    file.push(b'\n');
}

pub(super) fn read(file: &[u8]) -> Result<(Header, Evidence), EvidenceError> {
    if file.len() > EVIDENCE_BYTES {
        return Err(EvidenceError::TooLarge { limit: EVIDENCE_BYTES });
    }
    let rest = file.strip_prefix(MAGIC.as_bytes()).ok_or(EvidenceError::Not)?;
    let (version, rest) = line(rest).ok_or(EvidenceError::Not)?;
    if version != VERSION {
        return Err(EvidenceError::Version);
    }
    let mut sections = Sections { whole: file, rest };
    // The whole first: what is damaged is said to be, whatever else it looks like.
    sections.is_whole()?;
    let header: Header = match sections.next()? {
        Some((HEADER, bytes)) if bytes.len() <= HEADER_BYTES => {
            let header: Header =
                serde_json::from_slice(bytes).map_err(|_| EvidenceError::Inconsistent("its header"))?;
            // One spelling of each header, so that what is read and written again has the same digest.
            if serde_json::to_vec(&header).ok().as_deref() != Some(bytes) {
                return Err(EvidenceError::Inconsistent("its header"));
            }
            header
        }
        _ => return Err(EvidenceError::Inconsistent("its header")),
    };
    let component = match sections.next()? {
        Some((COMPONENT, bytes)) if bytes.len() <= limits::COMPONENT_BYTES => bytes.to_vec(),
        _ => return Err(EvidenceError::Inconsistent("its component")),
    };
    let (terms, next) = terms(&mut sections)?;
    let pieces = pieces(&mut sections, next)?;
    let digest_key = header.digest_key()?;
    let (run, tenant, host) = (header.run, header.tenant, header.host);
    Ok((header, Evidence { run, tenant, host, digest_key, component, terms, pieces }))
}

type Section<'f> = (&'f str, &'f [u8]);

/// The policy, and the section behind it.
fn terms<'f>(sections: &mut Sections<'f>) -> Result<(Terms, Option<Section<'f>>), EvidenceError> {
    let wrong = || EvidenceError::Inconsistent("its policy");
    let mut files = Files::default();
    loop {
        match sections.next()? {
            Some((POLICY, bytes)) if files == Files::default() && bytes.len() <= limits::MANIFEST_BYTES => {
                let text = String::from_utf8(bytes.to_vec()).map_err(|_| wrong())?;
                return Ok((Terms::Text(text), sections.next()?));
            }
            Some((name, bytes)) if name.starts_with(PACK) => {
                // Files have limits of their own.
                files.add(name.strip_prefix(PACK).unwrap_or_default(), bytes.to_vec()).map_err(|_| wrong())?;
            }
            next if files != Files::default() => return Ok((Terms::Pack(files), next)),
            _ => return Err(wrong()),
        }
    }
}

fn pieces<'f>(sections: &mut Sections<'f>, mut next: Option<Section<'f>>) -> Result<Vec<Piece>, EvidenceError> {
    let mut pieces: Vec<Piece> = Vec::new();
    while let Some((name, bytes)) = next {
        match (name.strip_prefix(FRAME), pieces.last_mut()) {
            (Some(place), _) => {
                let (seq, epoch, kind) = place_of(place).ok_or(EvidenceError::Inconsistent("the place of a record"))?;
                let frame = Frame::decode(bytes).map_err(|_| EvidenceError::Inconsistent("a record"))?;
                pieces.push(Piece { seq, epoch, kind, frame, entry: None });
            }
            (None, Some(piece)) if name == ENTRY && piece.entry.is_none() => {
                let entry = Entry::from_bytes(bytes);
                piece.entry = Some(entry.map_err(|_| EvidenceError::Inconsistent("an entry of the log"))?);
            }
            _ => return Err(EvidenceError::Inconsistent("its sections")),
        }
        next = sections.next()?;
    }
    Ok(pieces)
}

fn place_of(place: &str) -> Option<(Seq, Epoch, RowKind)> {
    let mut numbers = place.split('/');
    let (seq, epoch) = (number(numbers.next()?)?, number(numbers.next()?)?);
    let kind = i16::try_from(number(numbers.next()?)?).ok().and_then(RowKind::from_number)?;
    numbers.next().is_none().then(|| (Seq::new(seq), Epoch::new(epoch), kind))
}

/// A number in its one spelling.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// A line of text, and what is behind it.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().take(HEAD_BYTES).position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(line).ok()?, rest.get(1..)?))
}

struct Sections<'f> {
    whole: &'f [u8],
    rest: &'f [u8],
}

impl<'f> Sections<'f> {
    /// Whether the last section is the digest of everything before it.
    fn is_whole(&self) -> Result<(), EvidenceError> {
        let tail = format!("{DIGEST} 64\n").len() + 64 + 1;
        let at = self.whole.len().checked_sub(tail).ok_or(EvidenceError::Damaged("it is cut off"))?;
        let (before, last) = self.whole.split_at(at);
        let mut expected = Vec::new();
        section(&mut expected, DIGEST, hex::encode(Sha256::digest(before)).as_bytes());
        if last == expected { Ok(()) } else { Err(EvidenceError::Damaged("its digest is another")) }
    }

    /// The next section; none where the digest is.
    fn next(&mut self) -> Result<Option<Section<'f>>, EvidenceError> {
        let wrong = || EvidenceError::Damaged("its lengths don't add up");
        let (head, rest) = line(self.rest).ok_or_else(wrong)?;
        let (name, length) = head.rsplit_once(' ').ok_or_else(wrong)?;
        let length = number(length).and_then(|length| usize::try_from(length).ok()).ok_or_else(wrong)?;
        let (bytes, rest) = rest.split_at_checked(length).ok_or_else(wrong)?;
        self.rest = rest.strip_prefix(b"\n").ok_or_else(wrong)?;
        match (name, self.rest.is_empty()) {
            (DIGEST, true) => Ok(None),
            (DIGEST, false) | (_, true) => Err(wrong()),
            _ => Ok(Some((name, bytes))),
        }
    }
}
