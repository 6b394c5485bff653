//! The integration tests: the program `casemate` as a person would run it, on data directories of its own, with
//! guests that do what a test tells them to. One binary, one module for each topic.

mod bad_component;
mod bad_input;
mod component;
mod demo;
mod host;
mod policy;
mod said;
