//! Tools that answer from what was recorded of an earlier run, call by call, and touch nothing: for tests of an agent.
//! Time and randomness that weren't recorded are the same in every run; waiting takes no time. It doesn't know where the
//! recording was kept, nor whether the arguments are what they were.

use casemate_abi::Code;
use casemate_gate::{Operation, Refusal, Reply, Request, Seq};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// The answer to one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Which operation was called.
    pub operation: Operation,
    /// What it was answered; none for a call that needs no world to be answered.
    pub answer: Option<Result<Reply, Refusal>>,
}

/// What is done about a run that calls something else than was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It is stopped.
    Kept,
    /// The next answer to the same operation is given, so that what the run asks now can be written down.
    Followed,
}

/// The answers to one run's calls.
#[derive(Debug)]
pub struct Script {
    answers: Vec<Recorded>,
    order: Order,
    /// By how many places the run's calls are behind the recorded ones, or before them.
    shift: isize,
    now_ms: u64,
    random: ChaCha20Rng,
}

impl Script {
    /// Answers in order, for a run that begins at this time.
    #[must_use]
    pub fn new(answers: Vec<Recorded>, order: Order, start_ms: u64) -> Self {
        Self { answers, order, shift: 0, now_ms: start_ms, random: ChaCha20Rng::from_seed([0; 32]) }
    }

    /// Answers the call with this number.
    pub(super) fn answer(&mut self, seq: Seq, request: &Request) -> Result<Reply, Refusal> {
        let operation = request.operation();
        let place = usize::try_from(seq.get()).unwrap_or(usize::MAX).saturating_sub(1);
        match self.find(place, operation) {
            Some(Recorded { answer: Some(answer), .. }) => {
                if let Ok(Reply::Time(time)) = answer {
                    self.now_ms = self.now_ms.max(time);
                }
                // What is opened is known by the number of the call.
                answer.map(|reply| if matches!(reply, Reply::Opened(_)) { Reply::Opened(seq) } else { reply })
            }
            Some(Recorded { answer: None, .. }) => self.alone(request).ok_or_else(|| nothing(seq, operation)),
            None => Err(nothing(seq, operation)),
        }
    }

    fn find(&mut self, place: usize, operation: Operation) -> Option<Recorded> {
        let from = place.saturating_add_signed(self.shift);
        let here = self.answers.get(from).filter(|recorded| recorded.operation == operation);
        if here.is_some() || self.order == Order::Kept {
            return here.cloned();
        }
        if needs_no_world(operation) {
            self.shift -= 1;
            return Some(Recorded { operation, answer: None });
        }
        let later = self.answers.iter().skip(from).position(|recorded| recorded.operation == operation)?;
        self.shift = self.shift.saturating_add_unsigned(later);
        self.answers.get(from.saturating_add(later)).cloned()
    }

    /// Answers without a recording, where that takes no world.
    fn alone(&mut self, request: &Request) -> Option<Reply> {
        Some(match request {
            Request::LogEmit { .. } => Reply::Unit,
            Request::ClockNow => Reply::Time(self.now_ms),
            Request::ClockSleep { milliseconds } => {
                self.now_ms = self.now_ms.saturating_add(*milliseconds);
                Reply::Unit
            }
            Request::RandomBytes { length } => {
                let mut bytes = vec![0; *length as usize];
                self.random.fill_bytes(&mut bytes);
                Reply::Random(bytes)
            }
            _ => return None,
        })
    }
}

const fn needs_no_world(operation: Operation) -> bool {
    matches!(operation, Operation::LogEmit | Operation::ClockNow | Operation::ClockSleep | Operation::RandomBytes)
}

/// The run is stopped: what it would do next depends on an answer that nobody has.
fn nothing(seq: Seq, operation: Operation) -> Refusal {
    let message = format!("call {seq} (`{}`) is not what was recorded, so there is no answer to it", operation.name());
    Refusal::new(Code::RunDiverged, message)
}

#[cfg(test)]
mod tests {
    use super::{Order, Recorded, Script};
    use casemate_abi::Code;
    use casemate_gate::call::Level;
    use casemate_gate::{Operation, Reply, Request, Seq};

    fn get(key: &str) -> Request {
        Request::KvGet { key: key.to_owned() }
    }

    fn log() -> Request {
        Request::LogEmit { level: Level::Info, message: "m".to_owned() }
    }

    fn value(byte: u8) -> Recorded {
        Recorded { operation: Operation::KvGet, answer: Some(Ok(Reply::Bytes(Some(vec![byte])))) }
    }

    fn line() -> Recorded {
        Recorded { operation: Operation::LogEmit, answer: None }
    }

    fn counter() -> Recorded {
        Recorded { operation: Operation::KvAdd, answer: Some(Ok(Reply::Counter(1))) }
    }

    fn play(order: Order, recorded: Vec<Recorded>, calls: &[Request]) -> Vec<Result<Reply, Code>> {
        let mut script = Script::new(recorded, order, 0);
        let seqs = (1..).map(Seq::new);
        let answers = seqs.zip(calls).map(|(seq, call)| script.answer(seq, call));
        answers.map(|answer| answer.map_err(|refusal| refusal.code())).collect()
    }

    fn given(byte: u8) -> Result<Reply, Code> {
        Ok(Reply::Bytes(Some(vec![byte])))
    }

    #[test]
    fn each_call_has_its_place() {
        // The second call was refused by a gate and never came here.
        let mut script = Script::new(vec![value(1), value(2), value(3)], Order::Kept, 0);
        assert_eq!(script.answer(Seq::new(1), &get("a")).ok(), given(1).ok());
        assert_eq!(script.answer(Seq::new(3), &get("c")).ok(), given(3).ok());
        assert!(script.answer(Seq::new(4), &get("d")).is_err_and(|refusal| refusal.ends_run()));
    }

    #[test]
    fn another_operation_ends_the_run() {
        let answers = play(Order::Kept, vec![line(), value(1)], &[get("a"), get("b")]);
        assert_eq!(answers, [Err(Code::RunDiverged), given(1)]);
    }

    #[test]
    fn what_is_followed_is_found_before_and_behind() {
        let recorded = || vec![value(1), line(), counter(), value(2)];
        let more = [get("a"), log(), log(), get("b")];
        assert_eq!(play(Order::Followed, recorded(), &more), [given(1), Ok(Reply::Unit), Ok(Reply::Unit), given(2)]);
        let fewer = [get("a"), get("b"), get("c")];
        assert_eq!(play(Order::Followed, recorded(), &fewer), [given(1), given(2), Err(Code::RunDiverged)]);
    }

    #[test]
    fn time_and_randomness_are_the_same_every_time() {
        let bare = |operation| Recorded { operation, answer: None };
        let recorded = || {
            vec![
                bare(Operation::ClockNow),
                bare(Operation::ClockSleep),
                bare(Operation::ClockNow),
                bare(Operation::RandomBytes),
            ]
        };
        let calls = [
            Request::ClockNow,
            Request::ClockSleep { milliseconds: 9 },
            Request::ClockNow,
            Request::RandomBytes { length: 8 },
        ];
        let once = play(Order::Kept, recorded(), &calls);
        assert_eq!(once.get(2), Some(&Ok(Reply::Time(9))));
        assert_eq!(once, play(Order::Kept, recorded(), &calls));
    }
}
