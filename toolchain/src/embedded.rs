//! What `build.rs` found: the SDK, the lock file and the templates as this program carries them. It doesn't know what
//! they are for.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
