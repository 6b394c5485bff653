//! What a caller holds while its request is under way: a future that needs no runtime, or a blocking wait.
//! It does not know what happens to the request; dropping a ticket does not cancel anything.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_channel::oneshot;

use crate::{AppendError, CheckpointError, Receipt, SignedCheckpoint};

pub(crate) type Answer<T, E> = Result<T, E>;

/// The pending side of a request.
enum Reply<T, E> {
    Ready(Option<Answer<T, E>>),
    Waiting(oneshot::Receiver<Answer<T, E>>),
}

impl<T, E: From<AppendError>> Reply<T, E> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Answer<T, E>> {
        // Without an answer the thread that owed it is gone, and what became of the request is unknown.
        let lost = || Err(AppendError::Stopped.into());
        match self {
            Self::Ready(answer) => Poll::Ready(answer.take().unwrap_or_else(lost)),
            Self::Waiting(rx) => Pin::new(rx).poll(cx).map(|answer| answer.unwrap_or_else(|_| lost())),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives one future on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

macro_rules! ticket {
    ($(#[$doc:meta])* $name:ident, $output:ty, $error:ty) => {
        $(#[$doc])*
        #[must_use = "nothing is known until the ticket is awaited"]
        pub struct $name(Reply<$output, $error>);

        impl $name {
            pub(crate) fn ready(answer: Answer<$output, $error>) -> Self {
                Self(Reply::Ready(Some(answer)))
            }

            pub(crate) fn channel() -> (oneshot::Sender<Answer<$output, $error>>, Self) {
                let (tx, rx) = oneshot::channel();
                (tx, Self(Reply::Waiting(rx)))
            }

            /// Blocks this thread until the answer is there. Not for async tasks; they await the ticket.
            ///
            /// # Errors
            /// Those of the request.
            pub fn wait(self) -> Answer<$output, $error> {
                block_on(self)
            }
        }

        impl Future for $name {
            type Output = Answer<$output, $error>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                self.0.poll(cx)
            }
        }
    };
}

ticket! {
    /// Resolves when the submitted entries are durable in all zones: one receipt per draft, in order.
    Ticket, Vec<Receipt>, AppendError
}

ticket! {
    /// Resolves when the checkpoints are signed and published in all zones.
    CheckpointTicket, Vec<SignedCheckpoint>, CheckpointError
}
