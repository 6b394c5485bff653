//! Why what stands between the host and Postgres isn't safe. Display says what to change there. It doesn't know how
//! that was found out.

/// See the file's head.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolerError {
    /// Migrations and administrative acts need sessions of their own.
    #[error("name Postgres itself in `database.host`, and the pooler in `database.pooler-host`: {address} is a pooler")]
    Direct {
        /// Where.
        address: String,
    },
    /// A transaction isn't left together.
    #[error("set `pool_mode = transaction` for {login} in the pooler: it tears transactions apart")]
    Statements {
        /// Whose.
        login: String,
        /// What it said, if it said something.
        #[source]
        source: Option<sqlx::Error>,
    },
    /// Named prepared statements get lost, or are another client's.
    #[error(
        "use PgBouncer 1.21 or newer with `max_prepared_statements = 200`: it loses or mixes up the prepared statements \
         of {login}"
    )]
    Prepared {
        /// Whose.
        login: String,
        /// What Postgres said, if it noticed.
        #[source]
        source: Option<sqlx::Error>,
    },
    /// Two clients are in one session at the same time.
    #[error("don't use this pooler: two clients of {login} are in one transaction")]
    Shared {
        /// Whose.
        login: String,
    },
    /// It logs in as somebody else.
    #[error("have the pooler log in to Postgres as {login}, without `user =` in its databases: it does as {found}")]
    OtherLogin {
        /// Who asked.
        login: String,
        /// Who was logged in.
        found: String,
    },
    /// It leads elsewhere.
    #[error("have the pooler at {address} lead to the database that `database.host` and `database.name` name")]
    OtherServer {
        /// Where.
        address: String,
    },
    /// A session isn't as the role's own settings make it.
    #[error(
        "take `{setting}` out of what the pooler or others set for {login}: it has to be as `casemate db bootstrap` \
         left it"
    )]
    Setting {
        /// Whose.
        login: String,
        /// Which.
        setting: &'static str,
    },
    /// It could not be looked at in time.
    #[error("give {login} more server connections in the pooler (`default_pool_size`): it got none in time")]
    Busy {
        /// Whose.
        login: String,
    },
}

impl PoolerError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Direct { .. } => "pooler-direct",
            Self::Statements { .. } => "pooler-statements",
            Self::Prepared { .. } => "pooler-prepared",
            Self::Shared { .. } => "pooler-shared",
            Self::OtherLogin { .. } => "pooler-login",
            Self::OtherServer { .. } => "pooler-server",
            Self::Setting { .. } => "pooler-setting",
            Self::Busy { .. } => "pooler-busy",
        }
    }
}
