//! What is found and what is reported about it. Two types, because a report must never carry a value.
//!
//! Knows no detector.

use std::{fmt, ops::Range};

use serde::Serialize;

use crate::{Class, Confidence, Mode};

/// One place in a text that holds personal data.
///
/// Its `Debug` form leaves out the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Match {
    /// What kind of data it is.
    pub class: Class,
    /// Where, in bytes of the text that was searched; both ends are character boundaries.
    pub span: Range<usize>,
    /// How sure.
    pub confidence: Confidence,
    /// The value in its normal form, so that two spellings of one value get one token: lower case for mail
    /// addresses, digits (and a leading `+`) for telephone and card numbers, digits and upper case for
    /// government ids, unchanged for credentials. Personal data: never log it.
    pub canonical: String,
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Match")
            .field("class", &self.class)
            .field("span", &self.span)
            .field("confidence", &self.confidence)
            .finish_non_exhaustive()
    }
}

/// What was found and what was done about it, without the value: safe for a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of data it was.
    pub class: Class,
    /// The mode that applied.
    pub mode: Mode,
    /// How sure.
    pub confidence: Confidence,
    /// Whether a token stands there now.
    pub replaced: bool,
}

/// The input is larger than this crate looks at. The caller must refuse it, not pass it on unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// One text is too long.
    #[error("a text of {bytes} bytes is over the limit of {limit}")]
    Text {
        /// Length in bytes.
        bytes: usize,
        /// The most that is searched.
        limit: usize,
    },
    /// All texts of a document together are too long.
    #[error("the document's texts together are over the limit of {limit} bytes")]
    Document {
        /// The most that is searched.
        limit: usize,
    },
    /// A document is nested too deeply.
    #[error("the document is nested more than {limit} deep")]
    Depth {
        /// The most levels that are walked.
        limit: usize,
    },
    /// A document has too many values.
    #[error("the document has more than {limit} values")]
    Nodes {
        /// The most values that are walked.
        limit: usize,
    },
}
