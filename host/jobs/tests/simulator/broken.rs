//! Protocols that are wrong in one place each. Every one has to be caught, or the simulator sees nothing.

macro_rules! broken {
    ($($name:ident: $what:literal,)*) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Broken { $(#[doc = $what] $name,)* }

        impl Broken {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            pub(crate) fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }
        }
    };
}

broken! {
    ClaimKeepsEpoch: "a claim does not raise the epoch",
    AppendUnchecked: "an append does not check the epoch",
    ClaimAnyState: "a job that runs is claimed",
    EffectBeforeIntent: "an effect is sent before its intent is durable",
    EffectApart: "a transactional effect commits in another transaction than its outcome",
    CancelUnfenced: "cancelling is acknowledged and told to the holder later",
    PauseUnfenced: "pausing is acknowledged and told to the holder later",
    WakeRaces: "a park looks at the event in an earlier transaction",
    WakeForgotten: "a wake of a paused job is dropped",
    PermitUnchecked: "an effect is sent without a look at lease and permit",
    QuietUnchecked: "a call is settled while its effect may be under way",
    CrashUnsettled: "the reservation of a dead host is not settled",
    RefundTwice: "a grant is settled twice",
    TopUpUnfenced: "a fenced holder tops up its grant",
    ReserveUnchecked: "a reservation looks at what is spent and not at what is reserved",
    RetryApart: "the next attempt is born in another transaction than the failure",
    HintPopped: "the queue's row is popped before the claim",
    DeadlineIgnored: "the deadline is ignored",
    NoCaps: "the ring has no caps",
    Starves: "the ring serves the first tenant first",
    KeyNotUnique: "the idempotency key is not unique",
    OtherRepeated: "recovery repeats a call that only a person can judge",
    AnswerUnbound: "a person's answer is used for another intent of the call",
    FinishUnfenced: "a finish does not check the epoch",
    ClaimForgotten: "what was claimed by a request whose answer was lost is not given back",
    LossUnswept: "the runs of a dead host are not taken from it",
    NewKey: "a call is sent again under a new key",
    TakeoverUnmarked: "a new holder reads the ledger before its own claim is in it",
    LedgerUnreconciled: "a new holder does not bring the ledger in line",
}
