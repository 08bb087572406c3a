//! The future of a call that was done before it was asked for.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use annvil_core::clock::LocalFuture;
use annvil_core::operation::OpError;

/// Ready at the first poll. It has no size, so that a box of it takes no memory: an in-process call costs no allocation.
struct Done;

impl Future for Done {
    type Output = Result<(), OpError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

/// Wraps the outcome of a call that has ended.
#[inline]
pub(crate) fn done<'a>(outcome: Result<(), OpError>) -> LocalFuture<'a, Result<(), OpError>> {
    match outcome {
        Ok(()) => Box::pin(Done),
        Err(error) => Box::pin(ready(Err(error))),
    }
}
