//! Paths as guests write them, taken apart before anything is looked up: relative ones of bounded length, which never
//! lead above where they start. It doesn't know what is there.

use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// Most bytes of a path, and of one name in it, as on Linux.
const PATH: usize = 4096;
const NAME: usize = 255;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// To the directory above.
    Up,
    /// To what has this name.
    Down(&'a str),
}

/// A path that can be walked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'a> {
    pub(super) steps: Vec<Step<'a>>,
    /// It ends in a slash or a dot, so only a directory will do.
    pub(super) directory: bool,
}

impl<'a> Path<'a> {
    /// # Errors
    /// What WASI calls the mistake; `not-permitted` for a path that leads out.
    pub(super) fn parse(text: &'a str) -> Result<Self, ErrorCode> {
        if text.is_empty() {
            return Err(ErrorCode::NoEntry);
        }
        if text.len() > PATH {
            return Err(ErrorCode::NameTooLong);
        }
        if text.contains('\0') {
            return Err(ErrorCode::Invalid);
        }
        if text.starts_with('/') {
            return Err(ErrorCode::NotPermitted);
        }
        let mut steps = Vec::new();
        let mut depth = 0_usize;
        let mut directory = false;
        for name in text.split('/') {
            directory = matches!(name, "" | "." | "..");
            match name {
                "" | "." => {}
                ".." => {
                    depth = depth.checked_sub(1).ok_or(ErrorCode::NotPermitted)?;
                    steps.push(Step::Up);
                }
                name if name.len() > NAME => return Err(ErrorCode::NameTooLong),
                name => {
                    depth += 1;
                    steps.push(Step::Down(name));
                }
            }
        }
        Ok(Self { steps, directory })
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, Step};
    use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

    #[test]
    fn a_path_never_leads_above_its_start() {
        for path in ["..", "../x", "a/../..", "a/../../x", "./..", "a/b/../../..", "/", "/etc/passwd", "//x"] {
            assert_eq!(Path::parse(path), Err(ErrorCode::NotPermitted), "{path}");
        }
        let path = Path::parse("./a//b/../c").unwrap();
        assert_eq!(path.steps, [Step::Down("a"), Step::Down("b"), Step::Up, Step::Down("c")]);
        assert!(!path.directory);
        for path in ["a/", "a/.", "a/b/..", "."] {
            assert!(Path::parse(path).unwrap().directory, "{path}");
        }
    }

    #[test]
    fn what_is_too_long_or_empty_is_told_as_such() {
        assert_eq!(Path::parse(""), Err(ErrorCode::NoEntry));
        assert_eq!(Path::parse("a\0b"), Err(ErrorCode::Invalid));
        assert_eq!(Path::parse(&"n".repeat(256)), Err(ErrorCode::NameTooLong));
        assert_eq!(Path::parse(&"n/".repeat(2049)), Err(ErrorCode::NameTooLong));
        assert!(Path::parse(&"n".repeat(255)).is_ok());
    }
}
