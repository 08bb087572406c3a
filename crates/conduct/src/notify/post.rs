//! One message over HTTP, tried until it is taken, refused, or the time is over.

use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, Timeout};

use super::NotifyError;
use super::retry::{ATTEMPTS, asked, pause};

/// Longest wait for a connection; what is left of the limit may be less.
const CONNECT: Duration = Duration::from_secs(4);

/// What one attempt came to.
enum Attempt {
    Taken,
    /// Trying again would change nothing.
    Over(NotifyError),
    /// It may pass; the receiver asked for a pause of so long.
    Passing(NotifyError, Option<Duration>),
}

/// Delivers a body of JSON.
pub(super) fn deliver(
    address: &str,
    body: &str,
    deadline: Instant,
    limit: Duration,
) -> Result<(), NotifyError> {
    let mut last = NotifyError::Late(limit);
    for nth in 0..ATTEMPTS {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(last);
        }
        let after = match attempt(address, body, left, limit) {
            Attempt::Taken => return Ok(()),
            Attempt::Over(error) => return Err(error),
            Attempt::Passing(error, after) => {
                last = error;
                after
            }
        };
        let wait = after.unwrap_or_else(|| pause(nth));
        if nth + 1 == ATTEMPTS || wait >= deadline.saturating_duration_since(Instant::now()) {
            break;
        }
        thread::sleep(wait);
    }
    Err(last)
}

fn attempt(address: &str, body: &str, left: Duration, limit: Duration) -> Attempt {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        // A message must not wander to another address.
        .max_redirects(0)
        .timeout_global(Some(left))
        .timeout_connect(Some(CONNECT.min(left)))
        .timeout_resolve(Some(CONNECT.min(left)))
        .max_idle_connections(0)
        .user_agent(concat!("annvil/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    match agent.post(address).header("content-type", "application/json").send(body) {
        Ok(response) => judge(&response),
        Err(error) => fault(&error, limit),
    }
}

/// The status says it all; the body of the answer is not read.
fn judge(response: &Response<Body>) -> Attempt {
    let status = response.status();
    if status.is_success() {
        return Attempt::Taken;
    }
    let refused = |help| NotifyError::Refused { status: status.to_string(), help };
    if status == StatusCode::TOO_MANY_REQUESTS {
        let error = refused("it takes no more messages now; send to it less often");
        return Attempt::Passing(error, after(response));
    }
    if status.is_server_error() {
        return Attempt::Passing(refused("it may be down; try later"), after(response));
    }
    Attempt::Over(refused("check the address of the webhook and whether it is still active"))
}

fn after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    asked(value, jiff::Timestamp::now())
}

/// What went wrong, in words without the address.
fn fault(error: &ureq::Error, limit: Duration) -> Attempt {
    let unreachable = |why: &str| NotifyError::Unreachable(why.to_owned());
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Attempt::Over(NotifyError::Address),
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            Attempt::Passing(unreachable("no connection in time"), None)
        }
        ureq::Error::Timeout(_) => Attempt::Over(NotifyError::Late(limit)),
        ureq::Error::HostNotFound => Attempt::Passing(unreachable("the host was not found"), None),
        ureq::Error::Io(error) => Attempt::Passing(unreachable(&error.kind().to_string()), None),
        ureq::Error::ConnectionFailed => Attempt::Passing(unreachable("no connection"), None),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            Attempt::Over(unreachable("the proxy of the environment refused; see HTTPS_PROXY"))
        }
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => Attempt::Over(unreachable("no secure connection")),
        _ => Attempt::Over(unreachable(
            "it does not speak HTTP as expected, or its certificate is not trusted",
        )),
    }
}
