//! `casemate policy`: the life of a policy pack, from its first file to the day it is rolled back. It doesn't know how a
//! pack is verified or activated.

mod active;
mod check;
mod compare;
mod explain;
mod new;
mod sign;
mod told;

use super::exit::Exit;
use super::{CliError, Global};

/// Write, check, sign and apply policy packs.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Policy {
    /// Write a new pack's files
    New(new::New),
    /// Check the files of packs, and say all that is wrong with them
    Check(check::Check),
    /// Run a pack's decision tests
    Test(check::Test),
    /// Sign a pack: it holds from now on for as many days as it says
    Sign(sign::Sign),
    /// Trust one more key to sign packs for this host
    Trust(sign::Trust),
    /// Check a signed pack as `apply` does, and change nothing
    Verify(active::Verify),
    /// Say what differs between two packs
    Diff(compare::Diff),
    /// Make a pack a tenant's active one
    Apply(active::Apply),
    /// Make the pack active again that was before
    Rollback(active::Rollback),
    /// List tenants and their active packs
    List(active::List),
    /// Say which clauses decide a call, one that was made or one that might be
    Explain(Box<explain::Explain>),
}

impl Policy {
    /// Whether it is about this host, and not about a pack's files alone.
    pub(super) const fn reads_shared(&self) -> bool {
        !matches!(self, Self::New(_) | Self::Check(_) | Self::Test(_))
    }

    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        match self {
            Self::New(new) => new.carry_out(global),
            Self::Check(check) => check.carry_out(global),
            Self::Test(test) => test.carry_out(global),
            Self::Sign(sign) => sign.carry_out(global),
            Self::Trust(trust) => trust.carry_out(global).await,
            Self::Verify(verify) => verify.carry_out(global),
            Self::Diff(diff) => diff.carry_out(global),
            Self::Apply(apply) => apply.carry_out(global).await,
            Self::Rollback(rollback) => rollback.carry_out(global).await,
            Self::List(list) => list.carry_out(global),
            Self::Explain(explain) => explain.carry_out(global).await,
        }
    }
}
