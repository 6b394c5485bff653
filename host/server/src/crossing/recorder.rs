//! Puts a run on record: seals each frame once and gives the same sealed bytes to the journal and the ledger. Records
//! of calls without an effect wait here until something must be durable, and then go in one batch. It doesn't know
//! what the frames mean.

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_abi::Code;
use casemate_gate::audit::{Durable, Permit};
use casemate_gate::call::Level;
use casemate_gate::job::Ending;
use casemate_gate::journal::{Journal, JournalError, Row, RowKind};
use casemate_gate::rls::Scope;
use casemate_gate::vault::VaultRecord;
use casemate_gate::{Call, Digest, Epoch, Refusal, RunId, Seq, TenantId};
use casemate_keys::{Context, DataKey, Purpose, random};
use casemate_ledger::{AppendError, Draft, Kind, Ledger, Receipt, Ticket};
use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

use super::event::{Crossed, Event, Events, What};
use super::frame::{Frame, Stamp};
use super::passage::Current;
use super::riding::Riding;
use crate::tools::PendingEffect;

/// Where the records of a run belong.
pub struct Place {
    /// Whose.
    pub tenant: TenantId,
    /// Which run.
    pub run: RunId,
    /// Under which claim.
    pub epoch: Epoch,
    /// Under which policy.
    pub policy: Digest,
    /// For the journal's transactions.
    pub scope: Scope,
    /// Seals the frames.
    pub key: DataKey,
}

fn unrecorded(cause: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Code::AuditUnavailable, "the call could not be put on record").with_internal(cause)
}

impl Place {
    /// A frame as a row of the run's journal.
    ///
    /// # Errors
    /// When it can't be sealed.
    pub fn seal(&self, frame: &Frame, seq: Seq, kind: RowKind) -> Result<Row, Refusal> {
        let plain = frame.encode().map_err(|cause| unrecorded(&cause))?;
        let context = Context {
            tenant: self.tenant.as_uuid(),
            purpose: Purpose::Frame,
            id: self.run.as_uuid(),
            part: part(seq, kind),
        };
        let sealed = self.key.seal(&context, &plain).map_err(|cause| unrecorded(&cause))?;
        Ok(Row { run: self.run, seq, epoch: self.epoch, kind, sealed })
    }

    /// The same bytes as an entry of the ledger.
    fn draft(&self, head: &Head, epoch: Epoch, payload: Vec<u8>) -> Result<Draft, Refusal> {
        Ok(Draft {
            kind: head.kind,
            tenant: self.tenant.as_uuid(),
            run: self.run.as_uuid(),
            seq: head.seq.get(),
            epoch: epoch.get(),
            tool: head.tool,
            decision: head.decision,
            time_ms: head.time_ms,
            policy: *self.policy.as_bytes(),
            salt: random().map_err(|cause| unrecorded(&cause))?,
            payload,
        })
    }
}

/// How long a record may wait, on a busy guest's account, before whoever follows the run sees it.
const UNSEEN: Duration = Duration::from_millis(100);

/// Entries on their way into the ledger, and what is told of each once it is there.
struct Batch {
    ticket: Ticket,
    told: Vec<Vec<What>>,
}

/// Who waits for entries that are on their way.
enum Sent {
    /// The run itself will.
    Awaited(Batch),
    /// A task does, and tells of them, while the guest goes on.
    Followed(JoinHandle<Result<Option<Receipt>, Refusal>>),
    /// They could not be written; whoever settles next is told.
    Lost(Refusal),
}

/// Puts one run on record.
pub struct Recorder {
    place: Place,
    ledger: Arc<Ledger>,
    journal: Arc<dyn Journal>,
    events: Option<Events>,
    /// Entries that wait to be sent to the ledger.
    drafts: Vec<(Draft, Vec<What>)>,
    /// The same records for the journal. They may wait longer: until the effect with which they commit.
    rows: Vec<Row>,
    riding: Riding,
    sent: Option<Sent>,
    /// When something was last sent to be seen.
    shown: Option<Instant>,
}

/// What is told of a call once it is on record.
pub(super) struct Told {
    pub(super) crossed: Crossed,
    /// The line that the call logged, if it logged one.
    pub(super) logged: Option<(Level, String)>,
}

/// What stands in a leaf beside the run's own names.
struct Head {
    kind: Kind,
    row: RowKind,
    seq: Seq,
    tool: u16,
    decision: u16,
    time_ms: u64,
}

impl Recorder {
    /// A recorder with nothing waiting.
    #[must_use]
    pub const fn new(place: Place, ledger: Arc<Ledger>, journal: Arc<dyn Journal>, events: Option<Events>) -> Self {
        Self {
            place,
            ledger,
            journal,
            events,
            drafts: Vec::new(),
            rows: Vec::new(),
            riding: Riding::nothing(),
            sent: None,
            shown: None,
        }
    }

    pub(super) fn tell(&self, what: What) {
        if let Some(events) = &self.events {
            // A transcript that nobody reads any more is no reason to stop.
            let _closed = events.send(Event { tenant: self.place.tenant, run: self.place.run, what });
        }
    }

    pub(super) fn inconsistent(&self) -> Refusal {
        Refusal::new(Code::AuditUnavailable, "the call could not be put on record")
            .with_internal(format!("run {} lost track of its record", self.place.run))
    }

    /// Makes the beginning of a run, which the journal has, durable in the ledger too.
    ///
    /// # Errors
    /// When it can't be recorded.
    pub async fn started(&mut self, start: &Row, time_ms: u64) -> Result<(), Refusal> {
        let head = Head { kind: Kind::Open, row: RowKind::Start, seq: start.seq, tool: 0, decision: 0, time_ms };
        let draft = self.place.draft(&head, start.epoch, start.sealed.clone())?;
        self.drafts.push((draft, Vec::new()));
        self.flush().await?;
        self.tell(What::Started { resumed: false });
        Ok(())
    }

    /// Says that the run begins again.
    pub fn resumed(&self) {
        self.tell(What::Started { resumed: true });
    }

    /// Sends the intent of a call with an effect to the ledger, with everything that waits. Its row stays here, to be
    /// committed together with the effect.
    pub(super) async fn intend(
        &mut self,
        call: &Call,
        vault: Vec<VaultRecord>,
        current: &Current,
    ) -> Result<(), Refusal> {
        let stamp = Stamp { time_ms: crate::clock::now_ms(), fuel_used: current.fuel_used };
        let frame = Frame::Intent { stamp, asked: current.asked, request: call.request.clone(), vault };
        self.push(&frame, current.head(Kind::Intent, RowKind::Intent, 0, stamp), Vec::new())?;
        self.settle().await?;
        self.send();
        Ok(())
    }

    /// The proof that the intent that was sent last is durable.
    pub(super) async fn durable(&mut self, permit: &Permit) -> Result<Durable, Refusal> {
        let receipt = self.settle().await?.ok_or_else(|| self.inconsistent())?;
        Durable::of(permit, receipt)
    }

    /// The record waits for the next one that must be durable.
    pub(super) async fn ride(
        &mut self,
        frame: Frame,
        current: &Current,
        stamp: Stamp,
        told: Told,
    ) -> Result<(), Refusal> {
        let bytes = frame.riding();
        self.push(&frame, told.head(current, stamp), told.into_events())?;
        if self.riding.add(bytes) {
            self.flush().await?;
        } else {
            self.show();
        }
        Ok(())
    }

    /// Puts what waits on record, if somebody follows the run and has seen nothing of it for a while: it is told once
    /// ledger and journal both have it, whether or not the guest makes another call. Called when no call is under way;
    /// the guest doesn't wait for it.
    pub(super) fn show(&mut self) {
        let Some(events) = &self.events else { return };
        if self.drafts.is_empty() || self.shown.is_some_and(|shown| shown.elapsed() < UNSEEN) {
            return;
        }
        let earlier = match self.sent.take() {
            None => None,
            // The intent of a call that came to nothing.
            Some(Sent::Awaited(batch)) => Some(batch),
            Some(Sent::Followed(mut task)) => match (&mut task).now_or_never() {
                Some(Ok(Ok(_))) => None,
                Some(Ok(Err(refusal))) => {
                    self.sent = Some(Sent::Lost(refusal));
                    return;
                }
                Some(Err(_)) => {
                    self.sent = Some(Sent::Lost(self.inconsistent()));
                    return;
                }
                None => {
                    self.sent = Some(Sent::Followed(task));
                    return;
                }
            },
            lost @ Some(Sent::Lost(_)) => {
                self.sent = lost;
                return;
            }
        };
        let (events, tenant, run) = (events.clone(), self.place.tenant, self.place.run);
        let (drafts, told): (Vec<_>, Vec<_>) = std::mem::take(&mut self.drafts).into_iter().unzip();
        let batch = Batch { ticket: self.ledger.submit(drafts), told };
        let (rows, journal, scope) =
            (std::mem::take(&mut self.rows), Arc::clone(&self.journal), self.place.scope.clone());
        self.shown = Some(Instant::now());
        self.sent = Some(Sent::Followed(tokio::spawn(async move {
            let written = async {
                let mut last = None;
                let mut told = Vec::new();
                for batch in earlier.into_iter().chain([batch]) {
                    let receipts = batch.ticket.await.map_err(|error| ledger_refusal(&error))?;
                    for (receipt, whats) in receipts.iter().zip(batch.told) {
                        told.extend(whats.into_iter().map(|what| what.at(receipt.index())));
                    }
                    last = receipts.into_iter().last();
                }
                Ok::<_, Refusal>((last, told))
            };
            let journaled = async { if rows.is_empty() { Ok(()) } else { journal.append(&scope, rows).await } };
            let (written, journaled) = futures_util::future::join(written, journaled).await;
            let (last, told) = written?;
            journaled.map_err(|error| journal_refusal(&error))?;
            for what in told {
                let _closed = events.send(Event { tenant, run, what });
            }
            Ok(last)
        })));
    }

    /// Bytes that the host holds for records that wait: the same in a run and in its replay.
    pub(super) const fn riding(&mut self) -> &mut Riding {
        &mut self.riding
    }

    /// The outcome of an intent: committed in one transaction with its effect, if there is one. The ledger hears of it
    /// afterwards; if the host dies in between, the journal says what happened.
    pub(super) async fn outcome(
        &mut self,
        frame: Frame,
        current: &Current,
        stamp: Stamp,
        told: Told,
        effect: Option<(PendingEffect, Durable)>,
    ) -> Result<(), Refusal> {
        let bytes = frame.riding();
        self.push(&frame, told.head(current, stamp), told.into_events())?;
        let Some((effect, intent)) = effect else {
            if self.riding.add(bytes) {
                self.flush().await?;
            }
            return Ok(());
        };
        let outcome = self.drafts.pop();
        let rows = std::mem::take(&mut self.rows);
        self.riding.clear();
        effect.commit_with(&intent, rows).await.map_err(|error| journal_refusal(&error))?;
        self.drafts.extend(outcome);
        Ok(())
    }

    pub(super) async fn wait(&mut self, frame: Frame, current: &Current, stamp: Stamp) -> Result<(), Refusal> {
        self.push(&frame, current.head(Kind::Intent, RowKind::Intent, 0, stamp), Vec::new())?;
        self.flush().await.map(drop)
    }

    /// Puts the end on record; returns its index. The ledger has all of it before the journal and the run's state have any:
    /// who claims the run again finds the journal as it is, and ends it again.
    ///
    /// # Errors
    /// When it can't be recorded: then nothing of it may leave the host.
    pub async fn end(&mut self, frame: Frame, seq: Seq, stamp: Stamp, ending: Ending) -> Result<u64, Refusal> {
        let decision = match &frame {
            Frame::Ended { result: Err(refused), .. } => refused.number(),
            _ => 0,
        };
        let time_ms = stamp.time_ms;
        self.push(&frame, Head { kind: Kind::End, row: RowKind::End, seq, tool: 0, decision, time_ms }, Vec::new())?;
        self.settle().await?;
        self.send();
        let index = self.settle().await?.ok_or_else(|| self.inconsistent())?.index();
        let rows = std::mem::take(&mut self.rows);
        let ended = self.journal.end(&self.place.scope, rows, ending).await;
        ended.map_err(|error| journal_refusal(&error))?;
        Ok(index)
    }

    fn push(&mut self, frame: &Frame, head: Head, told: Vec<What>) -> Result<(), Refusal> {
        let row = self.place.seal(frame, head.seq, head.row)?;
        let draft = self.place.draft(&head, row.epoch, row.sealed.clone())?;
        self.drafts.push((draft, told));
        self.rows.push(row);
        Ok(())
    }

    /// Sends what waits to the ledger, which makes it durable on its own time.
    fn send(&mut self) {
        let (drafts, told): (Vec<_>, Vec<_>) = std::mem::take(&mut self.drafts).into_iter().unzip();
        if !drafts.is_empty() {
            self.sent = Some(Sent::Awaited(Batch { ticket: self.ledger.submit(drafts), told }));
        }
    }

    /// Waits until what was sent is durable, tells of it, and returns the receipt of the last entry.
    async fn settle(&mut self) -> Result<Option<Receipt>, Refusal> {
        let (ticket, told) = match self.sent.take() {
            None => return Ok(None),
            Some(Sent::Awaited(Batch { ticket, told })) => (ticket, told),
            Some(Sent::Lost(refusal)) => return Err(refusal),
            Some(Sent::Followed(task)) => return task.await.map_err(|_| self.inconsistent())?,
        };
        let receipts = ticket.await.map_err(|error| ledger_refusal(&error))?;
        for (receipt, told) in receipts.iter().zip(told) {
            for what in told {
                self.tell(what.at(receipt.index()));
            }
        }
        Ok(receipts.into_iter().last())
    }

    /// Makes everything that waits durable in ledger and journal, side by side.
    async fn flush(&mut self) -> Result<Option<Receipt>, Refusal> {
        self.settle().await?;
        self.send();
        let (rows, journal, scope) =
            (std::mem::take(&mut self.rows), Arc::clone(&self.journal), self.place.scope.clone());
        let journaled = async { if rows.is_empty() { Ok(()) } else { journal.append(&scope, rows).await } };
        let (receipt, journaled) = futures_util::future::join(self.settle(), journaled).await;
        journaled.map_err(|error| journal_refusal(&error))?;
        receipt
    }
}

impl Current {
    fn head(&self, kind: Kind, row: RowKind, decision: u16, stamp: Stamp) -> Head {
        Head { kind, row, seq: self.seq, tool: self.operation.number(), decision, time_ms: stamp.time_ms }
    }
}

/// The place of a frame among those sealed for one run: intent and outcome of a call differ.
#[must_use]
pub const fn part(seq: Seq, row: RowKind) -> u64 {
    seq.get().wrapping_mul(4).wrapping_add(row.number() as u64)
}

impl Told {
    fn head(&self, current: &Current, stamp: Stamp) -> Head {
        match &self.crossed.refusal {
            None => current.head(Kind::Outcome, RowKind::Outcome, 0, stamp),
            Some(refusal) => current.head(Kind::Refusal, RowKind::Outcome, refusal.code() as u16, stamp),
        }
    }

    fn into_events(self) -> Vec<What> {
        let logged = self.logged.map(|(level, message)| What::Logged { level, message });
        std::iter::once(What::Crossed(self.crossed)).chain(logged).collect()
    }
}

fn journal_refusal(error: &JournalError) -> Refusal {
    match error {
        JournalError::Fenced => Refusal::new(Code::RunFenced, "another host has claimed the run"),
        JournalError::Unavailable(cause) => {
            Refusal::new(Code::AuditUnavailable, "the journal can't be written").with_internal(cause)
        }
    }
}

fn ledger_refusal(error: &AppendError) -> Refusal {
    Refusal::new(Code::AuditUnavailable, "the ledger can't be written").with_cause(error.code(), error)
}
