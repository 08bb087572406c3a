//! Fetching from a server that cuts off, is slow, lies, or changes its mind.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::format_collect, reason = "tests may")]

#[path = "get/server.rs"]
mod server;

use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use annvil_data::get::{self, Account, Fetched, GetError, Head, Keys, Limits, Place, Progress, Step, Wanted};
use server::{Reply, Server};
use sha2::{Digest, Sha256};

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| ((at * 2_654_435_761) >> 7) as u8).collect()
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything as usual, in milliseconds instead of seconds.
fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        stall: Duration::from_secs(5),
        attempts: 3,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(50),
        wait: Duration::from_millis(50),
        tick: Duration::from_millis(5),
        spare: 0,
        ..Limits::default()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    place: Place,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { account: Account::default(), ..Place::at(folder.path()) };
        Self { folder, place }
    }

    fn fetch(&self, wanted: &Wanted) -> Result<Fetched, GetError> {
        get::fetch(wanted, &self.place, &limits(), &mut |_| ControlFlow::Continue(()))
    }

    fn get(&self, what: &str) -> Result<get::Local, GetError> {
        get::get(what, None, &self.place, &limits(), &mut |_| ControlFlow::Continue(()))
    }

    /// Names of all files, hidden ones left out.
    fn visible(&self) -> Vec<String> {
        fn walk(folder: &Path, names: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.path().is_dir() {
                    walk(&entry.path(), names);
                } else if !name.starts_with('.') {
                    names.push(name);
                }
            }
        }
        let mut names = vec![];
        walk(self.folder.path(), &mut names);
        names.sort();
        names
    }
}

#[test]
fn a_file_is_fetched_once() {
    let bytes = content(300_000);
    let server = Server::start({
        let bytes = bytes.clone();
        move |request, _| Reply::file(request, &bytes, "\"a\"")
    });
    let bench = Bench::new();
    let wanted = Wanted::new(&format!("{}#sha256={}", server.url("/x/set.bin"), sum(&bytes))).unwrap();
    let fetched = bench.fetch(&wanted).unwrap();
    assert_eq!(fs::read(&fetched.path).unwrap(), bytes);
    assert_eq!((fetched.bytes, &fetched.sha256, fetched.was_there), (300_000, &sum(&bytes), false));
    assert_eq!(bench.visible(), ["set.bin"]);
    assert_eq!(get::local_in(&bench.place, &wanted.address), Some(fetched.path.clone()));

    let again = bench.fetch(&wanted).unwrap();
    assert!(again.was_there);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_connection_that_breaks_off_is_resumed() {
    let bytes = content(500_000);
    let server = Server::start({
        let bytes = bytes.clone();
        move |request, number| match number {
            0 => Reply::file(request, &bytes, "\"a\"").cut(200_001),
            1 => Reply::file(request, &bytes, "\"a\"").cut(100_000),
            _ => Reply::file(request, &bytes, "\"a\""),
        }
    });
    let fetched = Bench::new().fetch(&Wanted::new(&server.url("/set.bin")).unwrap()).unwrap();
    assert_eq!(fetched.sha256, sum(&bytes));
    let ranges: Vec<_> = server.requests().iter().map(server::Request::range).collect();
    assert_eq!(ranges, [None, Some((200_001, None)), Some((300_001, None))]);
    assert_eq!(server.requests()[1].header("if-range"), Some("\"a\""));
}

#[test]
fn a_later_call_goes_on_where_an_earlier_one_stopped() {
    let bytes = content(400_000);
    let server = Server::start({
        let bytes = bytes.clone();
        move |request, number| {
            let mut reply = Reply::file(request, &bytes, "\"a\"");
            if number == 0 {
                reply.trickle = Some((50_000, Duration::from_millis(10)));
            }
            reply
        }
    });
    let bench = Bench::new();
    let wanted = Wanted::new(&server.url("/set.bin")).unwrap();
    let mut enough = |progress: Progress| match progress.done {
        100_000.. => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let error = get::fetch(&wanted, &bench.place, &limits(), &mut enough).unwrap_err();
    assert!(matches!(error, GetError::Stopped { .. }), "{error}");
    assert_eq!(bench.visible(), ["set.bin.part"]);
    assert_eq!(get::local_in(&bench.place, &wanted.address), None);

    let fetched = bench.fetch(&wanted).unwrap();
    let resumed = fetched.resumed_from.unwrap();
    assert!((100_000..400_000).contains(&resumed), "{resumed}");
    assert_eq!(server.requests()[1].range(), Some((usize::try_from(resumed).unwrap(), None)));
    assert_eq!(fetched.sha256, sum(&bytes));
    assert_eq!(bench.visible(), ["set.bin"]);
}

#[test]
fn content_that_changes_between_attempts_is_fetched_from_its_beginning() {
    let (old, new) = (content(300_000), content(310_000).into_iter().rev().collect::<Vec<u8>>());
    let server = Server::start({
        let new = new.clone();
        move |request, number| match number {
            0 => Reply::file(request, &old, "\"old\"").cut(150_000),
            _ => Reply::file(request, &new, "\"new\""),
        }
    });
    let fetched = Bench::new().fetch(&Wanted::new(&server.url("/set.bin")).unwrap()).unwrap();
    assert_eq!(fetched.sha256, sum(&new));
    assert_eq!(server.requests()[1].range(), Some((150_000, None)));
}

#[test]
fn a_server_that_knows_no_ranges_starts_anew() {
    let bytes = content(300_000);
    let server = Server::start({
        let bytes = bytes.clone();
        move |_, number| {
            let mut reply = Reply::status("200 OK").header("etag", "\"a\"");
            reply.body.clone_from(&bytes);
            if number == 0 { reply.cut(123_456) } else { reply }
        }
    });
    let fetched = Bench::new().fetch(&Wanted::new(&server.url("/set.bin")).unwrap()).unwrap();
    assert_eq!((fetched.bytes, fetched.sha256), (300_000, sum(&bytes)));
}

#[test]
fn without_anything_to_compare_nothing_is_resumed_unless_a_checksum_decides() {
    let bytes = content(300_000);
    let serve = |bytes: Vec<u8>| {
        Server::start(move |request, number| {
            let mut reply = Reply::file(request, &bytes, "");
            reply.headers.retain(|(name, _)| *name != "etag");
            if number == 0 { reply.cut(100_000) } else { reply }
        })
    };
    let server = serve(bytes.clone());
    let wanted = Wanted::new(&server.url("/set.bin")).unwrap();
    assert_eq!(Bench::new().fetch(&wanted).unwrap().sha256, sum(&bytes));
    assert_eq!(server.requests()[1].range(), None);

    let server = serve(bytes.clone());
    let wanted = Wanted::new(&server.url("/set.bin")).unwrap().with_sha256(&sum(&bytes)).unwrap();
    assert_eq!(Bench::new().fetch(&wanted).unwrap().sha256, sum(&bytes));
    assert_eq!(server.requests()[1].range(), Some((100_000, None)));
}

#[test]
fn a_slow_server_is_waited_for_and_progress_is_told() {
    let bytes = content(50_000);
    let server = Server::start({
        let bytes = bytes.clone();
        move |request, _| {
            let mut reply = Reply::file(request, &bytes, "\"a\"");
            reply.trickle = Some((5_000, Duration::from_millis(5)));
            reply
        }
    });
    let seen = RefCell::new(vec![]);
    let mut listener = |progress: Progress| {
        seen.borrow_mut().push((progress.done, progress.total));
        ControlFlow::Continue(())
    };
    let wanted = Wanted::new(&server.url("/set.bin")).unwrap();
    get::fetch(&wanted, &Bench::new().place, &limits(), &mut listener).unwrap();
    let seen = seen.into_inner();
    assert!(seen.is_sorted_by_key(|(done, _)| *done), "{seen:?}");
    assert!(
        seen.iter().any(|(done, total)| (1..50_000).contains(done) && *total == Some(50_000)),
        "{seen:?}"
    );
}

#[test]
fn a_server_that_falls_silent_is_given_up_in_words() {
    let server = Server::start(|request, _| {
        let mut reply = Reply::file(request, &content(1_000), "\"a\"").cut(400);
        reply.hang = Duration::from_secs(1);
        if request.range().is_some() {
            reply.body.clear();
        }
        reply
    });
    let mut limits = limits();
    limits.stall = Duration::from_millis(60);
    let bench = Bench::new();
    let wanted = Wanted::new(&server.url("/set.bin")).unwrap();
    let error = get::fetch(&wanted, &bench.place, &limits, &mut |_| ControlFlow::Continue(())).unwrap_err();
    let text = error.to_string();
    // On a busy machine even the answer to the last attempt may be late.
    let silent = text.contains("no byte came for 60 ms") || text.contains("did not answer in time");
    assert!(silent && text.contains("400 of 1,000 bytes"), "{text}");
    assert!(text.contains("goes on from there"), "{text}");
    assert_eq!(bench.visible(), ["set.bin.part"]);
}

#[test]
fn a_wish_to_stop_is_heard_while_nothing_comes() {
    let server = Server::start(|request, _| {
        let mut reply = Reply::file(request, &content(1_000), "\"a\"").cut(400);
        reply.hang = Duration::from_secs(3);
        reply
    });
    let start = Instant::now();
    let mut listener = |_: Progress| {
        if start.elapsed() > Duration::from_millis(50) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let patient = Limits { stall: Duration::from_mins(1), ..limits() };
    let wanted = Wanted::new(&server.url("/set.bin")).unwrap();
    let error = get::fetch(&wanted, &Bench::new().place, &patient, &mut listener).unwrap_err();
    assert!(matches!(error, GetError::Stopped { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_length_that_is_too_long_is_named() {
    // It announces 2,000 bytes every time, and has 1,500.
    let server = Server::start(|request, _| {
        let have = content(1_500);
        let from = request.range().map_or(0, |(from, _)| from);
        let mut reply = Reply::status(if from > 0 { "206 Partial Content" } else { "200 OK" });
        reply.headers = vec![("etag", "\"a\"".into()), ("content-range", format!("bytes {from}-1999/2000"))];
        reply.body = have[from..].to_vec();
        reply.length = Some(2_000 - from);
        reply
    });
    let text = Bench::new().fetch(&Wanted::new(&server.url("/set.bin")).unwrap()).unwrap_err().to_string();
    assert!(text.contains("1,500 of 2,000 bytes") && text.contains("gave up after"), "{text}");
}

#[test]
fn a_length_that_is_not_the_known_one_is_refused_at_once() {
    for (has, wants) in [(900_usize, 1_000_u64), (1_100, 1_000)] {
        let server = Server::start(move |request, _| Reply::file(request, &content(has), "\"a\""));
        let bench = Bench::new();
        let wanted = Wanted { size: Some(wants), ..Wanted::new(&server.url("/set.bin")).unwrap() };
        let text = bench.fetch(&wanted).unwrap_err().to_string();
        assert!(text.contains(&annvil_core::units::count(has as u64)) && text.contains("1,000"), "{text}");
        assert_eq!((bench.visible(), server.requests().len()), (vec![], 1));
    }
}

#[test]
fn wrong_content_is_not_put_in_place() {
    let server = Server::start(|request, _| Reply::file(request, &content(1_000), "\"a\""));
    let bench = Bench::new();
    let asked = sum(b"something else");
    let wanted = Wanted::new(&server.url("/set.bin")).unwrap().with_sha256(&asked).unwrap();
    let text = bench.fetch(&wanted).unwrap_err().to_string();
    assert!(text.contains(&asked) && text.contains(&sum(&content(1_000))), "{text}");
    assert_eq!((bench.visible(), server.requests().len()), (vec![], 1));
}

#[test]
fn what_the_server_refuses_is_not_asked_again() {
    for (status, says) in [
        ("404 Not Found", "check the address"),
        ("403 Forbidden", "asks for an account"),
        ("400 Bad Request", "check the address"),
    ] {
        let server = Server::start(move |_, _| Reply::status(status));
        let error = Bench::new().fetch(&Wanted::new(&server.url("/set.bin")).unwrap()).unwrap_err();
        assert!(matches!(error, GetError::Refused { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(status) && text.contains(says), "{text}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[test]
fn passing_faults_of_the_server_are_waited_out() {
    let server = Server::start(|request, number| match number {
        0 => Reply::status("500 Internal Server Error"),
        1 => Reply::status("429 Too Many Requests").header("retry-after", "0"),
        _ => Reply::file(request, &content(1_000), "\"a\""),
    });
    let fetched = Bench::new().fetch(&Wanted::new(&server.url("/set.bin")).unwrap()).unwrap();
    assert_eq!((fetched.bytes, server.requests().len()), (1_000, 3));
}

#[test]
fn attempts_and_pauses_are_bounded() {
    let server = Server::start(|_, _| Reply::status("503 Service Unavailable"));
    let text = Bench::new().fetch(&Wanted::new(&server.url("/a")).unwrap()).unwrap_err().to_string();
    assert!(text.contains("503") && text.contains("after 3 attempts with 0 bytes"), "{text}");
    assert_eq!(server.requests().len(), 3);

    let server = Server::start(|_, _| Reply::status("429 Too Many Requests").header("retry-after", "3600"));
    let text = Bench::new().fetch(&Wanted::new(&server.url("/a")).unwrap()).unwrap_err().to_string();
    assert!(text.contains("asks to wait 3600 s"), "{text}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn redirects_are_followed_and_bounded() {
    let server = Server::start(|request, _| match request.path.as_str() {
        "/old" => Reply::status("302 Found").header("location", "/new"),
        "/round" => Reply::status("302 Found").header("location", "/round"),
        _ => Reply::file(request, &content(1_000), "\"a\""),
    });
    let fetched = Bench::new().fetch(&Wanted::new(&server.url("/old")).unwrap()).unwrap();
    assert_eq!(fetched.sha256, sum(&content(1_000)));
    let text = Bench::new().fetch(&Wanted::new(&server.url("/round")).unwrap()).unwrap_err().to_string();
    assert!(text.contains("without end"), "{text}");
}

#[test]
fn the_first_rows_of_a_big_file_become_a_file_of_their_own() {
    let mut big = vec![];
    big.extend(1_000_u32.to_le_bytes());
    big.extend(4_u32.to_le_bytes());
    big.extend(content(4_000));
    for ranges in [true, false] {
        let whole = big.clone();
        let server = Server::start(move |request, number| {
            let mut request = request.clone();
            request.headers.retain(|(name, _)| ranges || name != "range");
            let reply = Reply::file(&request, &whole, "\"a\"");
            if number == 0 { reply.cut(3) } else { reply }
        });
        let wanted = Wanted {
            head: Some(Head { bytes: 8 + 40, rows: 10 }),
            ..Wanted::new(&server.url("/base.1B.u8bin")).unwrap()
        };
        let bench = Bench::new();
        let fetched = bench.fetch(&wanted).unwrap();
        let mut small = big[..48].to_vec();
        small[..4].copy_from_slice(&10_u32.to_le_bytes());
        assert_eq!(fs::read(&fetched.path).unwrap(), small);
        assert_eq!((fetched.bytes, fetched.sha256), (48, sum(&small)));
        assert!(bench.fetch(&wanted).unwrap().was_there);
        if ranges {
            let asked: Vec<_> = server.requests().iter().map(server::Request::range).collect();
            assert_eq!(asked, [Some((0, Some(48))), Some((3, Some(48)))]);
        }
    }
}

#[test]
fn requests_to_buckets_are_signed() {
    let server = Server::start(|request, _| Reply::file(request, &content(1_000), "\"a\""));
    let mut bench = Bench::new();
    let keys = Keys { id: "AKIDEXAMPLE".into(), secret: "very secret".into(), token: None };
    bench.place.account =
        Account { keys: Some(keys), region: Some("eu-west-1".into()), endpoint: Some(server.url("")) };
    bench.fetch(&Wanted::new("s3://bucket.name/some folder/x.fvecs").unwrap()).unwrap();

    let request = server.requests().remove(0);
    assert_eq!(request.path, "/bucket.name/some%20folder/x.fvecs");
    let date = request.header("x-amz-date").unwrap();
    assert!(date.len() == 16 && date.ends_with('Z') && date.as_bytes()[8] == b'T', "{date}");
    let authorization = request.header("authorization").unwrap();
    let credential = format!("Credential=AKIDEXAMPLE/{}/eu-west-1/s3/aws4_request", &date[..8]);
    let signature = authorization.rsplit_once("Signature=").unwrap().1;
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 ") && authorization.contains(&credential));
    assert!(authorization.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,"), "{authorization}");
    assert!(signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()), "{signature}");
    assert!(!format!("{request:?}").contains("very secret"));
}

#[test]
fn public_buckets_are_read_without_a_signature_and_refusals_name_no_secrets() {
    let server = Server::start(|request, _| match request.path.as_str() {
        "/public/x" => Reply::file(request, &content(10), "\"a\""),
        "/elsewhere/x" => Reply::status("301 Moved Permanently").header("x-amz-bucket-region", "us-west-2"),
        _ => Reply::status("403 Forbidden"),
    });
    let mut bench = Bench::new();
    bench.place.account.endpoint = Some(server.url(""));
    bench.fetch(&Wanted::new("s3://public/x").unwrap()).unwrap();
    assert_eq!(server.requests()[0].header("authorization"), None);
    let text = bench.fetch(&Wanted::new("s3://elsewhere/x").unwrap()).unwrap_err().to_string();
    assert!(text.contains("set AWS_REGION=us-west-2"), "{text}");
    let text = bench.fetch(&Wanted::new("s3://private/x").unwrap()).unwrap_err().to_string();
    assert!(text.starts_with("s3://private/x: ") && text.contains("AWS_ACCESS_KEY_ID"), "{text}");
}

#[test]
fn a_full_disk_is_found_before_the_first_byte() {
    let server = Server::start(|request, _| Reply::file(request, &content(2_000), "\"a\""));
    let mut bench = Bench::new();
    bench.place.free = |_| Some(1_999);
    let text = bench.fetch(&Wanted::new(&server.url("/set.bin")).unwrap()).unwrap_err().to_string();
    assert!(text.contains("2,000 bytes are needed") && text.contains("1,999 are free"), "{text}");
    bench.place.free = |_| Some(2_000);
    bench.fetch(&Wanted::new(&server.url("/set.bin")).unwrap()).unwrap();
}

#[test]
fn a_second_one_waits_for_the_first_and_fetches_nothing_itself() {
    let bytes = content(100_000);
    let server = Server::start({
        let bytes = bytes.clone();
        move |request, _| {
            let mut reply = Reply::file(request, &bytes, "\"a\"");
            reply.trickle = Some((10_000, Duration::from_millis(10)));
            reply
        }
    });
    let bench = Bench::new();
    let wanted = Wanted::new(&server.url("/set.bin")).unwrap();
    let patient = Limits { wait: Duration::from_secs(20), ..limits() };
    let (started, first) = mpsc::channel();
    thread::scope(|scope| {
        let holder = scope.spawn(|| {
            let mut tell = |progress: Progress| {
                if progress.done > 0 {
                    // Told once or often, it is the same.
                    let _ = started.send(());
                }
                ControlFlow::Continue(())
            };
            get::fetch(&wanted, &bench.place, &limits(), &mut tell)
        });
        first.recv().unwrap();
        let busy =
            get::fetch(&wanted, &bench.place, &Limits { wait: Duration::ZERO, ..limits() }, &mut |_| {
                ControlFlow::Continue(())
            });
        let text = busy.unwrap_err().to_string();
        assert!(text.contains("another process is fetching"), "{text}");
        let mut told = false;
        let second = get::fetch(&wanted, &bench.place, &patient, &mut |progress| {
            told |= progress.step == Step::Waiting;
            ControlFlow::Continue(())
        });
        assert!(second.unwrap().was_there && told);
        assert!(!holder.join().unwrap().unwrap().was_there);
    });
    assert_eq!(server.requests().len(), 1);
}

/// An archive of files, and of entries of other kinds.
fn tar_gz(entries: &[(&str, &[u8], tar::EntryType)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(vec![], flate2::Compression::fast()));
    for (name, bytes, kind) in entries {
        let mut header = tar::Header::new_gnu();
        // Straight into the header: the builder itself refuses names that lead out.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(*kind);
        header.as_old_mut().linkname[..4].copy_from_slice(b"/etc");
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn archive(name: &'static str, bytes: Vec<u8>) -> (Server, String) {
    let server = Server::start(move |request, _| Reply::file(request, &bytes, "\"a\""));
    let url = server.url(name);
    (server, url)
}

#[test]
fn archives_are_unpacked_and_found_again() {
    let file = tar::EntryType::Regular;
    let (server, url) = archive(
        "/siftsmall.tar.gz",
        tar_gz(&[("siftsmall/base.fvecs", b"base", file), ("./siftsmall/query.fvecs", b"query", file)]),
    );
    let bench = Bench::new();
    let local = bench.get(&url).unwrap();
    assert_eq!(fs::read(local.path.join("base.fvecs")).unwrap(), b"base");
    assert_eq!(fs::read(local.path.join("query.fvecs")).unwrap(), b"query");
    assert_eq!(bench.visible(), ["base.fvecs", "query.fvecs"]);
    assert_eq!(get::local_in(&bench.place, &url), Some(local.path));
    assert!(bench.get(&url).unwrap().files[0].was_there);
    assert_eq!(server.requests().len(), 1);

    let mut gz = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    gz.write_all(b"rows").unwrap();
    let (_server, url) = archive("/base.csr.gz", gz.finish().unwrap());
    let local = bench.get(&url).unwrap();
    assert!(local.path.ends_with("base.csr"));
    assert_eq!(fs::read(local.path).unwrap(), b"rows");
}

#[test]
fn nothing_is_written_outside_the_folder() {
    let (file, link) = (tar::EntryType::Regular, tar::EntryType::Symlink);
    for (name, kind, says) in [
        ("../out", file, "leads out of the folder"),
        ("a/../../out", file, "leads out of the folder"),
        ("/tmp/annvil-out", file, "leads out of the folder"),
        ("link", link, "neither a file nor a folder"),
        ("hard", tar::EntryType::Link, "neither a file nor a folder"),
    ] {
        let bytes: &[u8] = if kind == file { b"bad" } else { b"" };
        let (_server, url) = archive("/set.tgz", tar_gz(&[(name, bytes, kind)]));
        let bench = Bench::new();
        let text = bench.get(&url).unwrap_err().to_string();
        assert!(text.contains(says) && text.contains(name), "{text}");
        assert_eq!(bench.visible(), ["set.tgz"]);
        assert_eq!(get::local_in(&bench.place, &url), None);
    }
    assert!(!Path::new("/tmp/annvil-out").exists());
}

#[test]
fn archives_that_grow_without_measure_or_are_damaged_are_refused() {
    let zeros = vec![0_u8; 4 << 20];
    let (_server, url) = archive("/set.tgz", tar_gz(&[("zeros", &zeros, tar::EntryType::Regular)]));
    let text = Bench::new().get(&url).unwrap_err().to_string();
    assert!(text.contains("50 times its size"), "{text}");

    let mut short = tar_gz(&[("file", &content(100_000), tar::EntryType::Regular)]);
    short.truncate(short.len() / 2);
    let (_server, url) = archive("/set.tgz", short);
    let text = Bench::new().get(&url).unwrap_err().to_string();
    assert!(text.contains("damaged"), "{text}");
}

#[test]
fn a_checksum_asked_for_later_is_checked_against_what_is_there() {
    let server = Server::start(|request, _| Reply::file(request, &content(1_000), "\"a\""));
    let bench = Bench::new();
    let get = |sha256: &str| {
        let listener = &mut |_: Progress| ControlFlow::Continue(());
        get::get(&server.url("/set.bin"), Some(sha256), &bench.place, &limits(), listener)
    };
    get(&sum(&content(1_000))).unwrap();
    get(&sum(&content(1_000))).unwrap();
    assert_eq!(server.requests().len(), 1);
    assert!(matches!(get(&sum(b"other")), Err(GetError::Sum { .. })));
}

#[test]
fn files_of_this_machine_are_copied() {
    let bench = Bench::new();
    let original = bench.folder.path().join("original.npy");
    fs::write(&original, content(5_000)).unwrap();
    let local = bench.get(&format!("file://{}", original.display())).unwrap();
    assert_eq!(fs::read(local.path).unwrap(), content(5_000));
    let text = bench.get("file:///no/such/file").unwrap_err().to_string();
    assert!(text.contains("cannot read /no/such/file"), "{text}");
}
