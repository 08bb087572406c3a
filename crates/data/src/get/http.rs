//! One request to a web server, and what its answer means.

use std::io::Read;
use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::{Agent, Body};

use super::error::GetError;
use super::place::Limits;
use super::s3::Account;
use super::source::{Answer, Ask, Fault};
use super::wanted::shown;

/// A file behind a web server.
#[derive(Clone)]
pub(super) struct Web {
    agent: Agent,
    address: String,
    /// The account that signs, and how the address is shown, for S3.
    account: Option<(Account, String)>,
}

impl Web {
    pub(super) fn new(
        address: String,
        account: Option<(Account, String)>,
        limits: &Limits,
    ) -> Result<Self, GetError> {
        if cfg!(not(feature = "https")) && address.starts_with("https:") {
            let why = "this build has no TLS; build with the feature `https`, or fetch it with another tool and \
give the file";
            return Err(GetError::Address { address: shown(&address).to_string(), why: why.to_owned() });
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // A bucket in another region is told without an address to go to.
            .max_redirects(if account.is_some() { 0 } else { 10 })
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_recv_response(Some(limits.stall))
            // Whoever waits stops waiting earlier; this ends the thread that reads.
            .timeout_per_read(Some(limits.stall * 2))
            .max_idle_connections(0)
            .user_agent(concat!("annvil/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .build()
            .new_agent();
        Ok(Self { agent, address, account })
    }

    fn shown(&self) -> String {
        self.account.as_ref().map_or_else(|| shown(&self.address).to_string(), |(_, shown)| shown.clone())
    }

    pub(super) fn open(&self, ask: &Ask) -> Result<(Answer, Box<dyn Read + Send>), Fault> {
        let range = (ask.from > 0 || ask.until.is_some()).then(|| match ask.until {
            Some(until) => format!("bytes={}-{}", ask.from, until.saturating_sub(1)),
            None => format!("bytes={}-", ask.from),
        });
        let mut request = self.agent.get(&self.address);
        if let Some(range) = &range {
            request = request.header("range", range);
        }
        if let Some(validator) = ask.validator.as_ref().filter(|_| ask.from > 0) {
            request = request.header("if-range", validator);
        }
        if let Some((account, _)) = &self.account {
            let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
            for (name, value) in account.headers(&self.address, range.as_deref(), &time) {
                request = request.header(name, value);
            }
        }
        let response = request.call().map_err(|error| self.fault(&error))?;
        let answer = self.answer(&response, ask)?;
        Ok((answer, Box::new(response.into_body().into_reader())))
    }

    fn answer(&self, response: &Response<Body>, ask: &Ask) -> Result<Answer, Fault> {
        let headers = response.headers();
        if text(headers, "content-encoding").is_some_and(|encoding| encoding != "identity") {
            return Err(self
                .wrong("the server sends the file in another encoding than it is stored in")
                .into());
        }
        let validator = validator(headers);
        match response.status() {
            StatusCode::OK => Ok(Answer { start: 0, total: number(headers, "content-length"), validator }),
            StatusCode::PARTIAL_CONTENT => match text(headers, "content-range").and_then(range) {
                Some((start, total)) => Ok(Answer { start, total, validator }),
                None => Err(self.wrong("the server sends a part of the file without saying which").into()),
            },
            StatusCode::RANGE_NOT_SATISFIABLE if ask.from > 0 => Err(Fault::Changed),
            status => Err(self.status(status, headers)),
        }
    }

    fn status(&self, status: StatusCode, headers: &HeaderMap) -> Fault {
        let passing = status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        if passing {
            let after = number(headers, "retry-after").map(Duration::from_secs);
            return Fault::Passing { what: format!("the server answered {status}"), after };
        }
        let help = match (status, text(headers, "x-amz-bucket-region")) {
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => "check the address; the file may have moved".into(),
            (_, Some(region)) if status.is_redirection() || status == StatusCode::BAD_REQUEST => {
                format!("the bucket is in the region {region}: set AWS_REGION={region}")
            }
            (StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED, _) if self.account.is_some() => {
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or unset them for a public bucket"
                    .into()
            }
            (StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED, _) => {
                "it asks for an account; fetch it with another tool and give the file".into()
            }
            _ => "check the address".to_owned(),
        };
        GetError::Refused { address: self.shown(), status: status.to_string(), help }.into()
    }

    fn fault(&self, error: &ureq::Error) -> Fault {
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => self.wrong("it is not a web address").into(),
            ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => {
                self.wrong("it leads from one address to the next without end").into()
            }
            ureq::Error::Tls(_) | ureq::Error::TlsRequired => {
                self.wrong(&format!("no secure connection: {error}")).into()
            }
            ureq::Error::HostNotFound => Fault::passing("the host was not found"),
            ureq::Error::Timeout(_) => Fault::passing("the server did not answer in time"),
            other => Fault::passing(other.to_string()),
        }
    }

    fn wrong(&self, why: &str) -> GetError {
        GetError::Address { address: self.shown(), why: why.to_owned() }
    }

    pub(super) fn stop(self) {
        self.agent.shutdown();
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name).and_then(|value| value.parse().ok())
}

/// What `If-Range` accepts: an entity tag that is not weak, or else the date of the last change.
fn validator(headers: &HeaderMap) -> Option<String> {
    let tag = text(headers, "etag").filter(|tag| !tag.starts_with("W/"));
    tag.or_else(|| text(headers, "last-modified")).map(str::to_owned)
}

/// `bytes 100-199/1000`: the first byte and, if known, the length of the whole.
fn range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-')?.0.parse().ok()?;
    match total {
        "*" => Some((start, None)),
        total => Some((start, Some(total.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_are_read() {
        assert_eq!(range("bytes 100-199/1000"), Some((100, Some(1000))));
        assert_eq!(range("bytes 0-9/*"), Some((0, None)));
        assert_eq!(range("bytes */1000"), None);
        assert_eq!(range("bytes 5-9/many"), None);
    }
}
