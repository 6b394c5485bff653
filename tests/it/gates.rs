//! The gates as a guest meets them, one file each.

mod audit;
mod budget;
mod capability;
mod explain;
mod hostile_sql;
mod kv;
mod neighbours;
mod personal_data;
mod rows;
mod safety;
mod statements;
mod tokens;
