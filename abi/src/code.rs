//! The refusal catalogue: every reason for which a call or a run is refused, with its stable number, name and
//! remedy. Numbers are append-only and never reused. It does not know which gate uses which code.

/// Declares the catalogue once, so that number, name and remedy can't drift apart.
macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $remedy:literal;)+) => {
        /// Why a call or a run was refused. The number and the name are stable.
        ///
        /// ```
        /// use casemate_abi::Code;
        ///
        /// assert_eq!(Code::BudgetCalls as u16, 301);
        /// assert_eq!(Code::BudgetCalls.name(), "budget-calls");
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant = $number,)+
        }

        impl Code {
            /// Every code, in rising order of its number.
            ///
            /// ```
            /// use casemate_abi::Code;
            ///
            /// assert!(Code::ALL.is_sorted_by_key(|code| *code as u16));
            /// ```
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name.
            ///
            /// ```
            /// assert_eq!(casemate_abi::Code::ToolArgument.name(), "tool-argument");
            /// ```
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What to do about it, in one clause.
            ///
            /// ```
            /// assert_eq!(casemate_abi::Code::ToolArgument.remedy(), "correct the argument");
            /// ```
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }

            /// The code with this number, if the catalogue has it.
            ///
            /// ```
            /// use casemate_abi::Code;
            ///
            /// assert_eq!(Code::from_number(701), Some(Code::ToolArgument));
            /// assert_eq!(Code::from_number(0), None);
            /// ```
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

catalogue! {
    /// The tenant's or agent's right to run was withdrawn while it ran.
    IdentityRevoked = 101, "identity-revoked", "ask the operator why the tenant or agent was suspended";
    /// The tool or action is not in both the agent's manifest and the operator's policy.
    CapabilityNotGranted = 201, "capability-not-granted", "ask for it in the agent's manifest and have the operator grant it in the policy";
    /// The component was not admitted, so there was no run.
    ComponentRefused = 202, "component-refused", "the host's message says what to change in the component, its manifest or the policy";
    /// The policy pack was not activated; the one before stays active.
    PolicyRefused = 203, "policy-refused", "the host's message says what to change in the pack, its signature or the keys that are trusted";
    /// A policy that came to hold while the run was going on doesn't grant the call.
    CapabilityWithdrawn = 204, "capability-withdrawn", "start a new run under the policy that holds now";
    /// The run or its tenant has no calls left.
    BudgetCalls = 301, "budget-calls", "raise `calls` in the policy's budget or make fewer calls";
    /// The run burned its fuel.
    BudgetFuel = 302, "budget-fuel", "raise `fuel` in the policy's budget or do less work";
    /// The run, or its tenant's runs together, hold as much memory as they may.
    BudgetMemory = 303, "budget-memory", "raise `memory` in the policy's budget or hold less at once";
    /// The run took too long.
    BudgetWallClock = 304, "budget-wall-clock", "raise `wall-clock` in the policy's budget";
    /// The run logged as much as it may.
    BudgetLogBytes = 305, "budget-log-bytes", "raise `log-bytes` in the policy's budget or log less";
    /// The replies to the run are as large as they may be together.
    BudgetResultBytes = 306, "budget-result-bytes", "raise `result-bytes` in the policy's budget or ask for fewer rows and columns";
    /// The run was refused so often that it was stopped.
    BudgetDenials = 307, "budget-denials", "read the earlier refusals; the agent repeats something that it may not do";
    /// Personal data stands in a field that must not be rewritten, such as the text of a statement.
    PiiInControlField = 401, "pii-in-control-field", "pass the value as a parameter";
    /// A token that can't be turned back would be written to a table.
    PiiStrictToken = 402, "pii-strict-token", "write a value of your own, or have the operator choose reversible mode for its class";
    /// The data is too large to be searched for personal data.
    PiiTooLarge = 403, "pii-too-large", "send it in smaller pieces";
    /// Postgres refused the statement.
    RowsStatement = 501, "rows-statement", "look up the SQLSTATE in the message and correct the statement";
    /// The statement is not of a kind that the tool runs.
    RowsStatementKind = 502, "rows-statement-kind", "send one SELECT or VALUES to `query`, one INSERT, UPDATE, DELETE or MERGE to `execute`";
    /// The query returned more rows or bytes than one call may.
    RowsTooMany = 503, "rows-too-many", "add a LIMIT or name fewer columns";
    /// Postgres can't be reached.
    RowsUnavailable = 504, "rows-unavailable", "try again later; the operator sees the cause in the host's log";
    /// The call could not be recorded, so it did not happen.
    AuditUnavailable = 601, "audit-unavailable", "nothing happened; the operator must repair the journal or the ledger's zones";
    /// An argument is not what the tool takes.
    ToolArgument = 701, "tool-argument", "correct the argument";
    /// The counter would leave the range of 64 bits, or the stored value is no counter.
    ToolCounter = 702, "tool-counter", "use another key or reset this one";
    /// The guest trapped: it broke one of WebAssembly's own rules, or panicked.
    RunTrapped = 801, "run-trapped", "look at the message; an agent in Rust that panicked logs the place";
    /// The agent ended with an error of its own.
    RunFailed = 802, "run-failed", "the message is the agent's own";
    /// The run's input is not what the agent takes.
    RunInput = 803, "run-input", "correct the input; the message says what is wrong with it";
    /// An effect was begun and its outcome is unknown; repeating it could do it twice.
    RunIndeterminate = 804, "run-indeterminate", "find out whether the effect happened, then settle the run by hand";
    /// The run did not do the same as before when it was repeated from its journal.
    RunDiverged = 805, "run-diverged", "run it with the component and host version with which it was started";
    /// Another host took the run over.
    RunFenced = 806, "run-fenced", "nothing is lost; the run goes on elsewhere";
    /// The agent panicked.
    RunPanicked = 807, "run-panicked", "look at the place in the source that the message names";
}

#[cfg(test)]
mod tests {
    use super::Code;

    /// The catalogue is a promise: a line of this table may be added, never changed.
    #[test]
    fn numbers_names_and_remedies_are_as_published() {
        let table: String =
            Code::ALL.iter().map(|code| format!("{} {} — {}\n", *code as u16, code.name(), code.remedy())).collect();
        assert_eq!(table, include_str!("../refusals.txt"));
    }

    #[test]
    fn every_number_leads_back_to_its_code() {
        for code in Code::ALL {
            assert_eq!(Code::from_number(*code as u16), Some(*code));
        }
        assert_eq!(Code::from_number(0), None);
    }
}
