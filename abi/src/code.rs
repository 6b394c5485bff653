//! The catalogue as Rust: an enum of the refusals, which guests see, and a table of all entries, problems of operators
//! and the API included. `../catalogue.in` is the only source. It does not know which gate or error uses which entry.

use crate::entry::{Entry, Kind};

/// Turns the catalogue's file into the enum and the table, so that number, name and words can't drift apart.
macro_rules! catalogue {
    (
        refusals { $($number:literal $variant:ident $name:literal $status:literal $title:literal
            $cause:literal $remedy:literal;)+ }
        problems { $($p_number:literal $p_name:literal $p_status:literal $p_title:literal
            $p_cause:literal $p_remedy:literal;)+ }
    ) => {
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
            $(#[doc = $cause] $variant = $number,)+
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

            /// All that the catalogue says about it.
            ///
            /// ```
            /// assert_eq!(casemate_abi::Code::BudgetCalls.entry().status, 429);
            /// ```
            #[must_use]
            pub const fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$variant => &entry!(Refusal $number $name $status $title $cause $remedy),)+
                }
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

        /// The whole catalogue, in rising order of the numbers.
        pub static ENTRIES: &[Entry] = &[
            $(entry!(Refusal $number $name $status $title $cause $remedy),)+
            $(entry!(Problem $p_number $p_name $p_status $p_title $p_cause $p_remedy),)+
        ];
    };
}

macro_rules! entry {
    ($kind:ident $number:literal $name:literal $status:literal $title:literal $cause:literal $remedy:literal) => {
        Entry {
            number: $number,
            name: $name,
            kind: Kind::$kind,
            status: $status,
            title: $title,
            cause: $cause,
            remedy: $remedy,
            uri: concat!("urn:casemate:problem:", $name),
        }
    };
}

include!("../catalogue.in");

impl Code {
    /// The stable name.
    ///
    /// ```
    /// assert_eq!(casemate_abi::Code::ToolArgument.name(), "tool-argument");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.entry().name
    }

    /// What happened, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.entry().title
    }

    /// Why it happens, in one sentence.
    #[must_use]
    pub const fn cause(self) -> &'static str {
        self.entry().cause
    }

    /// What to do about it, in one clause.
    ///
    /// ```
    /// assert_eq!(casemate_abi::Code::ToolArgument.remedy(), "correct the argument");
    /// ```
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        self.entry().remedy
    }

    /// The HTTP status with which it is told.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.entry().status
    }
}
