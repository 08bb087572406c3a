//! Notifications against receivers on loopback that behave well, badly, or not at all.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use annvil_conduct::notify::{NotifyError, Target, send};
use annvil_core::secret::Secret;
use annvil_report::Notice;

/// The secret part of each address.
const TOKEN: &str = "T0K3N-hunter2";

fn notice() -> Notice {
    Notice {
        title: "store: REGRESSED".to_owned(),
        verdict: "regressed".to_owned(),
        exit_code: 1,
        lines: vec!["search p95: 8.1 → 9.0 ms".to_owned()],
        link: None,
    }
}

/// A receiver that answers each connection as told, the last answer for all that follow. Gives its address and the bodies that
/// it got with the instants of their arrival.
fn receiver(answers: Vec<&'static str>) -> (String, Receiver<(String, Instant)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/services/{TOKEN}", listener.local_addr().unwrap());
    let (sender, got) = channel();
    thread::spawn(move || {
        for (nth, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let body = request(&mut stream);
            let answer = answers[nth.min(answers.len() - 1)];
            // Whoever gave up does not read it.
            let _ = stream.write_all(answer.as_bytes());
            if sender.send((body, Instant::now())).is_err() {
                return;
            }
        }
    });
    (address, got)
}

/// Reads one request whole and gives its body.
fn request(stream: &mut TcpStream) -> String {
    let mut got = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&got).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("POST /services/"), "{head}");
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap() {
                return body.to_owned();
            }
        }
        let n = stream.read(&mut part).unwrap();
        assert!(n > 0, "the request ended early");
        got.extend_from_slice(&part[..n]);
    }
}

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const GONE: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const BUSY: &str =
    "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const ELSEWHERE: &str =
    "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

fn webhook(address: &str) -> Target {
    Target::Webhook(Secret::new(address))
}

/// Sends with a limit that nothing here comes near to unless it is meant to.
fn one(target: Target) -> Result<(), NotifyError> {
    let mut sent = send(&[target], &notice(), Duration::from_secs(30));
    sent.remove(0).result
}

#[test]
fn each_receiver_gets_its_own_form() {
    let (address, got) = receiver(vec![GOOD]);
    let secret = || Secret::new(address.clone());
    let targets = [Target::Slack(secret()), Target::Teams(secret()), Target::Webhook(secret())];
    let sent = send(&targets, &notice(), Duration::from_secs(30));
    assert_eq!(sent.iter().map(|sent| sent.target).collect::<Vec<_>>(), ["Slack", "Teams", "webhook"]);
    assert!(sent.iter().all(|sent| sent.result.is_ok()), "{sent:?}");
    let bodies: Vec<serde_json::Value> =
        got.iter().take(3).map(|(body, _)| serde_json::from_str(&body).unwrap()).collect();
    for known in ["blocks", "attachments", "notice"] {
        assert_eq!(bodies.iter().filter(|body| body.get(known).is_some()).count(), 1, "{known}");
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    let (address, got) = receiver(vec![BROKEN, GOOD]);
    assert_eq!(one(webhook(&address)), Ok(()));
    let bodies: Vec<String> = got.iter().take(2).map(|(body, _)| body).collect();
    assert_eq!(bodies[0], bodies[1]);
    let (address, got) = receiver(vec![BUSY, GOOD]);
    assert_eq!(one(webhook(&address)), Ok(()));
    let times: Vec<Instant> = got.iter().take(2).map(|(_, at)| at).collect();
    assert!(times[1] - times[0] >= Duration::from_millis(950), "{:?}", times[1] - times[0]);
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    for answer in [GONE, ELSEWHERE] {
        let (address, got) = receiver(vec![answer]);
        let error = one(webhook(&address)).unwrap_err();
        assert!(matches!(error, NotifyError::Refused { .. }), "{error}");
        assert!(got.recv().is_ok());
        assert!(got.recv_timeout(Duration::from_millis(400)).is_err(), "it came twice");
    }
}

#[test]
fn a_pause_beyond_the_limit_is_not_waited_for() {
    let (address, _got) = receiver(vec![BUSY]);
    let begun = Instant::now();
    let sent = send(&[webhook(&address)], &notice(), Duration::from_millis(900));
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    let error = sent[0].result.clone().unwrap_err().to_string();
    assert!(error.starts_with("the receiver answered 429 Too Many Requests"), "{error}");
}

/// A receiver that takes connections and does something to each for ever.
fn endless(each: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/services/{TOKEN}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || each(stream));
        }
    });
    address
}

fn hang(_open: TcpStream) {
    thread::sleep(Duration::from_mins(2));
}

/// An answer that never ends, a byte at a time: one that waits for the next byte alone waits for ever.
fn drip(mut stream: TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nx: ".bytes().chain(std::iter::repeat(b'a'));
    for byte in head {
        if stream.write_all(&[byte]).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn receivers_that_hang_or_drip_end_at_the_limit() {
    let (good, _got) = receiver(vec![GOOD]);
    let limit = Duration::from_millis(1_500);
    let begun = Instant::now();
    let targets = [webhook(&endless(hang)), webhook(&endless(drip)), webhook(&good)];
    let sent = send(&targets, &notice(), limit);
    let took = begun.elapsed();
    assert_eq!(sent[0].result, Err(NotifyError::Late(limit)));
    assert_eq!(sent[1].result, Err(NotifyError::Late(limit)));
    assert_eq!(sent[2].result, Ok(()));
    // One that were not bounded would take two minutes.
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn no_message_shows_the_address() {
    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let target = webhook(&format!("http://{free}/services/{TOKEN}"));
    let begun = Instant::now();
    let sent = send(std::slice::from_ref(&target), &notice(), Duration::from_secs(1));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(matches!(sent[0].result, Err(NotifyError::Unreachable(_))), "{sent:?}");
    let targets = [
        target,
        webhook(&format!("ftp://host/{TOKEN}")),
        webhook(TOKEN),
        webhook(&format!("http://bad host/{TOKEN}")),
        webhook(&format!("http://[{TOKEN}/x")),
    ];
    for sent in send(&targets, &notice(), Duration::from_millis(800)) {
        let error = sent.result.clone().unwrap_err();
        assert!(!format!("{error} {error:?} {sent:?}").contains(TOKEN), "{error}");
    }
    assert!(!format!("{targets:?}").contains(TOKEN) && !format!("{targets:?}").contains("host"));
}
