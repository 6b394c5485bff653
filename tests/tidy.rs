//! The tidy test: rules about the sources that no compiler checks. Each rule is a function from files or members to
//! violations and stands in a file of its own, with the reason for it and a planted violation that it must find.

#[path = "tidy/codes.rs"]
mod codes;
#[path = "tidy/edges.rs"]
mod edges;
#[path = "tidy/examples.rs"]
mod examples;
#[path = "tidy/features.rs"]
mod features;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/members.rs"]
mod members;
#[path = "tidy/owners.rs"]
mod owners;
#[path = "tidy/places.rs"]
mod places;
#[path = "tidy/reaches.rs"]
mod reaches;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/violation.rs"]
mod violation;
#[path = "tidy/words.rs"]
mod words;
