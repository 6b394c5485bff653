//! Tests of an agent without a host: a script says what the agent asks, in order, and what it is answered.
//!
//! This is for tests of your own code, quick and on your own machine. Whether the agent may ask these things, and what
//! the host makes of them, is shown by `casemate test`, which runs the component itself behind the real gates.
//!
//! ```
//! use casemate::testing::Script;
//! use casemate::{Refusal, kv};
//!
//! fn count_visit(who: &str) -> Result<i64, Refusal> {
//!     kv::add(&format!("visits/{who}"), 1)
//! }
//!
//! let visits = Script::new().kv_add("visits/ada", 1, Ok(7)).run(|| count_visit("ada"));
//! assert_eq!(visits, Ok(7));
//! ```
//!
//! There is none of it in a component: the module is not compiled for WebAssembly.

mod asked;
mod script;

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;

use crate::Refusal;
use crate::log::Level;

pub(crate) use asked::Asked;
pub use script::Script;

/// One call that is expected, and its answer: a `Result` of what the call returns.
struct Step {
    asked: Asked,
    answer: Box<dyn Any>,
}

/// The script that is being played.
struct Playing {
    steps: VecDeque<Step>,
    made: usize,
    logged: Vec<(Level, String)>,
}

thread_local! {
    static PLAYING: RefCell<Option<Playing>> = const { RefCell::new(None) };
}

/// Answers a call from the script of this thread.
pub(crate) fn answer<T: 'static>(asked: Asked) -> Result<T, Refusal> {
    let answered = PLAYING.with_borrow_mut(|playing| match playing {
        Some(playing) => playing.answer(&asked),
        None => Err(format!("nobody answers {asked}: call it inside `casemate::testing::Script::run`")),
    });
    match answered.map(|answer| answer.downcast::<Result<T, Refusal>>()) {
        Ok(Ok(answer)) => *answer,
        Ok(Err(_)) => fail("the script has an answer of another type"),
        Err(message) => fail(&message),
    }
}

impl Playing {
    fn answer(&mut self, asked: &Asked) -> Result<Box<dyn Any>, String> {
        let fits = self.steps.front().is_some_and(|step| step.asked.fits(asked));
        if let Asked::Log(level, message) = asked {
            self.logged.push((*level, message.clone()));
            if !fits {
                return Ok(Box::new(Ok::<(), Refusal>(())));
            }
        }
        self.made += 1;
        let number = self.made;
        match self.steps.pop_front() {
            Some(step) if fits => Ok(step.answer),
            Some(step) => Err(format!("call {number} is {asked}\n    and the script has {}", step.asked)),
            None => Err(format!("call {number} is {asked}, and the script has no more calls")),
        }
    }
}

/// Takes the script away again, also from a test that panics.
struct Stage;

impl Stage {
    fn enter(steps: VecDeque<Step>) -> Self {
        let playing = Playing { steps, made: 0, logged: Vec::new() };
        let before = PLAYING.replace(Some(playing));
        if before.is_some() {
            fail("a script is run inside another one: one script has all calls of a test");
        }
        Self
    }

    /// Fails if calls are left over.
    fn leave(self) -> Vec<(Level, String)> {
        let Some(Playing { steps, made, logged }) = PLAYING.take() else { return Vec::new() };
        if let Some(step) = steps.front() {
            fail(&format!("call {} is not made: the script has {}", made + 1, step.asked));
        }
        logged
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(PLAYING.take());
    }
}

#[expect(clippy::panic, reason = "a test fails by a panic")]
fn fail(message: &str) -> ! {
    panic!("{message}")
}

#[cfg(test)]
mod tests;
