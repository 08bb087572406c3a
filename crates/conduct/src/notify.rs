//! Telling people what a gate found: Slack, Teams, any other receiver of webhooks.
//!
//! A message is sent to all targets at once and tried again where that may help, within one limit of time. Whatever becomes of
//! it, the gate's own answer stands. The address of a webhook is a secret, path and all: no message and no `Debug` shows it.

use std::fmt;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use annvil_core::secret::Secret;
use annvil_report::{Notice, slack_json, teams_json, webhook_json};
use thiserror::Error;

#[cfg(feature = "http")]
mod post;
#[cfg(feature = "http")]
mod retry;

/// How long all of it may take unless somebody says otherwise.
pub const LIMIT: Duration = Duration::from_secs(10);

/// A receiver and the address of its webhook.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// An incoming webhook of Slack.
    Slack(Secret),
    /// A workflow of Teams that waits for a webhook.
    Teams(Secret),
    /// Anything that takes a notice as JSON.
    Webhook(Secret),
}

/// What became of one message.
#[derive(Debug)]
pub struct Sent {
    /// Which kind of receiver: `Slack`, `Teams`, `webhook`.
    pub target: &'static str,
    /// Whether it was taken.
    pub result: Result<(), NotifyError>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotifyError {
    /// Not an address of the web.
    #[error("the address of the webhook begins with neither http:// nor https://")]
    Address,
    /// The build cannot send it.
    #[error("this build has no {0}; build with the feature `{1}`")]
    Build(&'static str, &'static str),
    /// The receiver said no.
    #[error("the receiver answered {status}; {help}")]
    Refused {
        /// Status code and reason.
        status: String,
        /// What to try.
        help: &'static str,
    },
    /// The receiver could not be reached.
    #[error("the receiver was not reached: {0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("the receiver did not answer within {0:?}")]
    Late(Duration),
}

/// Sends a notice to every target at once and returns within `limit`, in the order of the targets, whatever the receivers do.
///
/// A message is tried again after 429, after 5xx and where no connection came about; `Retry-After` is honoured if it ends
/// within the limit. It is not tried again where a receiver took it and did not answer: it might arrive twice.
pub fn send(targets: &[Target], notice: &Notice, limit: Duration) -> Vec<Sent> {
    let deadline = Instant::now() + limit;
    let (sender, receiver) = mpsc::channel();
    for (nth, target) in targets.iter().enumerate() {
        let (sender, target, body) = (sender.clone(), target.clone(), target.body(notice));
        // Nobody waits for these threads: each ends by itself shortly after the limit.
        let begun = thread::Builder::new().name("notify".to_owned()).spawn(move || {
            // The receiver is gone if the limit has passed.
            let _ = sender.send((nth, target.deliver(&body, deadline, limit)));
        });
        if let Err(error) = begun {
            tracing::warn!("no thread for a notification: {error}");
        }
    }
    drop(sender);
    let late = |target: &Target| Sent { target: target.kind(), result: Err(NotifyError::Late(limit)) };
    let mut sent: Vec<Sent> = targets.iter().map(late).collect();
    let mut left = targets.len();
    while left > 0 {
        let Ok((nth, result)) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        else {
            break;
        };
        sent[nth].result = result;
        left -= 1;
    }
    sent
}

impl Target {
    /// Which kind of receiver it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Slack(_) => "Slack",
            Self::Teams(_) => "Teams",
            Self::Webhook(_) => "webhook",
        }
    }

    fn body(&self, notice: &Notice) -> String {
        match self {
            Self::Slack(_) => slack_json(notice),
            Self::Teams(_) => teams_json(notice),
            Self::Webhook(_) => webhook_json(notice),
        }
    }

    fn address(&self) -> &str {
        match self {
            Self::Slack(address) | Self::Teams(address) | Self::Webhook(address) => address.reveal().trim(),
        }
    }

    fn deliver(&self, body: &str, deadline: Instant, limit: Duration) -> Result<(), NotifyError> {
        let address = self.address();
        let begins =
            |scheme: &str| address.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
        if !begins("http://") && !begins("https://") {
            return Err(NotifyError::Address);
        }
        if cfg!(not(feature = "https")) && begins("https://") {
            return Err(NotifyError::Build("TLS", "https"));
        }
        #[cfg(feature = "http")]
        return post::deliver(address, body, deadline, limit);
        #[cfg(not(feature = "http"))]
        {
            let _ = (body, deadline, limit);
            Err(NotifyError::Build("HTTP", "http"))
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(***)", self.kind())
    }
}
