//! The integration tests: the program `casemate` as a person would run it, on data directories of its own, with
//! guests that do what a test tells them to. One binary, one module for each topic.

mod abuse;
mod bad_component;
mod bad_input;
mod capabilities;
mod catalogue;
mod compile;
mod component;
mod config;
mod conformance;
mod database_trouble;
mod demo;
mod external;
mod fuzz;
mod gates;
mod golden;
mod host;
mod hosts;
mod inspect;
mod keys;
mod kill;
mod live;
mod ordinary_user;
mod packs;
mod policy;
mod random;
mod replay;
mod replies;
mod resume;
mod said;
mod serve;
mod tamper;
mod tenants;
mod toolchain;
mod wasi;
mod zone_trouble;
