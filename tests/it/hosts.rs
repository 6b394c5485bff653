//! Several hosts on one Postgres, each a process with a data directory of its own: what they share, and that nothing is lost
//! or done twice whatever becomes of them.

mod budgets;
mod cluster;
mod ends;
mod figures;
mod member;
mod nemesis;
mod shared;
mod work;
