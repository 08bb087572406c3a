//! The sampler on this machine, and on a `/proc` made of files.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use annvil_core::scenario::Watched;
use annvil_core::units::Bytes;
use annvil_load::time::SystemClock;

use super::*;

mod told;

fn sampler(watched: impl IntoIterator<Item = Watched>) -> Sampler {
    let watch: Vec<Watch> = watched.into_iter().map(Watch::new).collect();
    Sampler::start(&watch, Arc::new(SystemClock::new()))
}

fn spin(time: Duration) {
    let begin = Instant::now();
    let mut number = 1u64;
    while begin.elapsed() < time {
        for _ in 0..1000 {
            number = black_box(number.wrapping_mul(6_364_136_223_846_793_005));
        }
    }
}

/// A program that is ended with the test.
struct Running(Child);

impl Running {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let command = Command::new(program).args(arguments).stdout(Stdio::null()).spawn();
        Self(command.unwrap())
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn eventually(mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(20), "it does not come about");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_phase_shorter_than_a_second_knows_its_processor_time() {
    let sampler = sampler([]);
    sampler.begin();
    let before = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let begin = Instant::now();
    spin(Duration::from_millis(300));
    let after = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let wall = begin.elapsed().as_secs_f64();
    let record = sampler.end();
    let used = (after.tv_sec - before.tv_sec) as f64 + (after.tv_nsec - before.tv_nsec) as f64 / 1e9;
    let client = record.subject("client").unwrap();
    // Other tests run in this process too; what was used is known from the clock itself.
    let time = client.series.last().unwrap().at.as_secs_f64();
    assert!(time >= wall);
    assert!(client.mean.cpu.unwrap() * time >= used * 0.95, "{:?} over {time} s, used {used} s", client.mean);
    assert!(client.mean.cpu.unwrap() <= 1.0 + crate::machine::usable_cores() as f64);
    assert!(client.mean.resident > Some(Bytes(1_000_000)), "{:?}", client.mean);
    assert!(client.mean.threads >= Some(2), "{:?}", client.mean);
    assert_eq!((client.mean.steal, client.mean.load, client.mean.received), (None, None, None));
    let host = record.subject("host").unwrap();
    assert!(host.mean.cpu.unwrap() > 0.0 && host.mean.load.is_some() && host.mean.loopback.is_some());
    assert!(host.peak.available > Some(Bytes(0)));
    assert_eq!(
        record.subjects.iter().map(|subject| subject.name.as_str()).collect::<Vec<_>>(),
        ["client", "host"]
    );
    assert!(record.subjects.iter().all(|subject| subject.why.is_none()), "{record:?}");
}

#[test]
fn every_second_has_an_entry_and_phases_follow_each_other() {
    let sampler = sampler([]);
    assert_eq!(sampler.end(), ResourceRecord::default());
    sampler.begin();
    assert!(sampler.latest().is_empty());
    eventually(|| !sampler.latest().is_empty());
    assert_eq!(sampler.latest()[0].0, "client");
    assert!(sampler.latest()[0].1.cpu.is_some());
    std::thread::sleep(Duration::from_millis(600));
    let first = sampler.end();
    let at: Vec<f64> = first.subjects[0].series.iter().map(|sample| sample.at.as_secs_f64()).collect();
    assert!(at.len() >= 2 && at[0] >= 1.0, "{at:?}");
    sampler.begin();
    let second = sampler.end();
    assert_eq!(second.subjects[1].series.len(), 1);
    assert!(second.subjects[1].mean.available.is_some());
}

#[test]
fn descendants_are_found_by_process_number() {
    let mut shell = Running::start("sh", &["-c", "sleep 60 & while :; do :; done"]);
    let sampler = sampler([Watched::Pid(shell.0.id())]);
    sampler.begin();
    // A busy shell uses a core unless the machine is busy; all that is certain is that it goes on.
    std::thread::sleep(Duration::from_millis(500));
    let record = sampler.end();
    let subject = record.subject(&format!("pid {}", shell.0.id())).unwrap();
    assert_eq!(subject.what, format!("process {} and its descendants", shell.0.id()));
    assert_eq!((subject.mean.threads, subject.why.as_deref()), (Some(2), None));
    assert!(subject.mean.cpu > Some(0.0) && subject.mean.resident > Some(Bytes(0)), "{subject:?}");
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", shell.0.id()));
    shell.end();
    for child in children.unwrap_or_default().split_whitespace() {
        let _ = Command::new("kill").arg(child).status();
    }
}

#[test]
fn a_listening_port_leads_to_its_process() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let six = TcpListener::bind("[::1]:0");
    let other = six.as_ref().map_or(port, |listener| listener.local_addr().unwrap().port());
    let sampler = sampler([Watched::Port(port), Watched::Port(other)]);
    sampler.begin();
    spin(Duration::from_millis(50));
    let record = sampler.end();
    for subject in &record.subjects[1..3] {
        assert_eq!(subject.why, None);
        assert!(
            subject.mean.threads >= Some(2) && subject.mean.resident > Some(Bytes(1_000_000)),
            "{subject:?}"
        );
    }
}

#[test]
fn what_is_not_there_is_unknown_and_says_why() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sampler = sampler([
        Watched::Pid(u32::MAX),
        Watched::Port(closed),
        Watched::Name("no such program".into()),
        Watched::Cgroup("no/such/group".into()),
    ]);
    sampler.begin();
    let record = sampler.end();
    for (subject, why) in record.subjects[1..5].iter().zip(["no process", "listens on", "is named", "cgroup"])
    {
        assert!(subject.why.as_ref().unwrap().contains(why), "{subject:?}");
        assert!(subject.mean.is_empty() && subject.peak.is_empty(), "{subject:?}");
    }
    // Each has a place of its own in the series all the same: the time was watched.
    assert!(record.subjects.iter().all(|subject| subject.series.len() == 1));
}

#[test]
fn a_process_that_ends_leaves_what_it_used() {
    let mut sleep = Running::start("sleep", &["60"]);
    let sampler = sampler([Watched::Pid(sleep.0.id())]);
    sampler.begin();
    eventually(|| !sampler.latest().is_empty());
    sleep.end();
    let record = sampler.end();
    let subject = &record.subjects[1];
    assert_eq!(subject.why, Some(format!("process {} has ended", sleep.0.id())));
    assert!(subject.series.last().unwrap().figures.is_empty(), "{subject:?}");
}

#[test]
fn two_watches_of_one_name_are_told_apart() {
    let watch = || Watch { watched: Watched::Pid(1), label: Some("database".into()) };
    let sampler = Sampler::start(&[watch(), watch()], Arc::new(SystemClock::new()));
    let names: Vec<&str> = sampler.names.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["client", "database", "database (2)", "host"]);
}

/// Folders and files of a kernel that does as it is told.
struct Fake(tempfile::TempDir);

impl Fake {
    fn new() -> Self {
        let fake = Self(tempfile::tempdir().unwrap());
        fake.write("proc/uptime", "100.00 200.00\n");
        fake
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A process of 2 threads with 10 pages of its own and 100 shared.
    fn process(&self, pid: u32, parent: u32, start: u64, ticks: u64) {
        let line =
            format!("{pid} (postgres) S {parent} 0 0 0 0 0 {ticks} 0 1 0 {ticks} 0 0 0 20 0 2 0 {start} 0 0");
        self.write(&format!("proc/{pid}/stat"), &line);
        self.write(&format!("proc/{pid}/statm"), "900 110 100 1 0 0 0");
        self.write(
            &format!("proc/{pid}/smaps_rollup"),
            "0-1 ---p 0 00:00 0 [rollup]\nRss: 440 kB\nPss: 75 kB\n",
        );
        self.write(&format!("proc/{pid}/io"), &format!("read_bytes: {}\nwrite_bytes: 0\n", ticks * 10));
    }

    fn end(&self, pid: u32) {
        fs::remove_dir_all(self.path(&format!("proc/{pid}"))).unwrap();
    }

    fn subjects(&self, watched: Watched) -> Subjects {
        let roots = Roots {
            proc: self.path("proc"),
            cgroup: self.path("cgroup"),
            interfaces: self.path("interfaces"),
        };
        Subjects::new(&[Watch::new(watched)], &roots)
    }

    fn listen(&self, pid: u32, inode: u64) {
        let header = "sl local rem st tx:rx tr:tm retrnsmt uid timeout inode";
        let line = format!("0: 00000000:1538 00000000:0000 0A 0:0 00:0 0 999 0 {inode} 1");
        self.write("proc/net/tcp", &format!("{header}\n{line}\n"));
        fs::create_dir_all(self.path(&format!("proc/{pid}/fd"))).unwrap();
        symlink(format!("socket:[{inode}]"), self.path(&format!("proc/{pid}/fd/5"))).unwrap();
    }
}

/// Clock ticks of the watched subject since it was first read.
fn ticks(subjects: &mut Subjects) -> Option<u64> {
    Some(subjects.read()[1].cpu? * rustix::param::clock_ticks_per_second() / 1_000_000_000)
}

#[test]
fn backends_come_and_go_and_no_counter_goes_backwards() {
    let fake = Fake::new();
    fake.process(10, 1, 50, 1000);
    fake.process(11, 10, 60, 500);
    fake.process(90, 1, 70, 7000);
    fake.listen(10, 4711);
    let mut subjects = fake.subjects(Watched::Port(5432));
    assert_eq!(ticks(&mut subjects), Some(0));
    fake.process(10, 1, 50, 1003);
    fake.process(11, 10, 60, 520);
    fake.process(90, 1, 70, 8000);
    assert_eq!(ticks(&mut subjects), Some(23));
    // One ends; another, born since, counts from its birth; a third, older, only from now on.
    fake.end(11);
    fake.process(12, 10, 10_050, 40);
    fake.process(13, 12, 80, 900);
    assert_eq!(ticks(&mut subjects), Some(63));
    fake.process(13, 12, 80, 901);
    let reading = subjects.read()[1].clone();
    assert_eq!(
        (reading.disk_read, reading.minor_faults, reading.major_faults),
        (Some(640), Some(64), Some(1))
    );
    let page = rustix::param::page_size() as u64;
    assert_eq!((reading.threads, reading.resident), (Some(6), Some((3 * 10 + 100) * page)));
    // A number that is given to another process of the family begins anew.
    fake.process(13, 12, 10_001, 5);
    assert_eq!(ticks(&mut subjects), Some(69));
    // The server is started again: another process, another socket.
    for pid in [10, 12, 13] {
        fake.end(pid);
    }
    assert_eq!(ticks(&mut subjects), None);
    fake.process(20, 1, 10_001, 3);
    fake.listen(20, 4712);
    assert_eq!(ticks(&mut subjects), Some(72));
}

#[test]
fn shares_of_memory_add_up_or_are_unknown() {
    let fake = Fake::new();
    fake.process(10, 1, 50, 1000);
    fake.process(11, 10, 60, 500);
    fake.process(90, 1, 70, 7000);
    assert_eq!(fake.subjects(Watched::Pid(10)).read()[1].proportional, Some(150 * 1024));
    fs::remove_file(fake.path("proc/11/smaps_rollup")).unwrap();
    assert_eq!(fake.subjects(Watched::Pid(10)).read()[1].proportional, None);
}

#[test]
fn one_that_may_not_be_read_makes_the_sum_unknown() {
    let fake = Fake::new();
    fake.process(10, 1, 50, 1000);
    fake.process(11, 10, 60, 500);
    fs::remove_file(fake.path("proc/11/io")).unwrap();
    let mut subjects = fake.subjects(Watched::Name("postgres".into()));
    let reading = subjects.read()[1].clone();
    assert_eq!((reading.disk_read, reading.disk_written, reading.received), (None, None, None));
    assert!(reading.cpu.is_some() && reading.resident.is_some());
    assert_eq!(reading.why.unwrap(), "disk traffic of process 11 can't be read: that takes its user or root");
}

#[test]
fn a_network_namespace_of_its_own_is_counted() {
    let fake = Fake::new();
    fake.process(10, 1, 50, 1000);
    for (process, space) in [("self", "net:[1]"), ("10", "net:[2]")] {
        fs::create_dir_all(fake.path(&format!("proc/{process}/ns"))).unwrap();
        symlink(space, fake.path(&format!("proc/{process}/ns/net"))).unwrap();
    }
    fake.write("proc/10/net/dev", " eth0: 100 1 0 0 0 0 0 0 200 2\n lo: 7 1 0 0 0 0 0 0 7 1\n");
    let reading = fake.subjects(Watched::Pid(10)).read()[1].clone();
    assert_eq!((reading.received, reading.sent, reading.loopback), (Some(100), Some(200), Some(7)));
}

#[test]
fn a_cgroup_is_read_from_its_files() {
    let fake = Fake::new();
    let files = BTreeMap::from([
        ("cgroup.procs", "10\n"),
        ("cpu.stat", "usage_usec 1500\nuser_usec 1000\n"),
        ("memory.current", "4096\n"),
        ("memory.stat", "anon 1000\npgfault 30\npgmajfault 10\n"),
        ("io.stat", "8:0 rbytes=5 wbytes=6 rios=1 wios=1 dbytes=0 dios=0\n"),
    ]);
    fake.write("cgroup/cgroup.controllers", "cpu io memory\n");
    for (name, text) in &files {
        fake.write(&format!("cgroup/system.slice/database.service/{name}"), text);
    }
    let whole = fake.path("cgroup/system.slice/database.service");
    for path in ["system.slice/database.service", "/system.slice/database.service", whole.to_str().unwrap()] {
        let reading = fake.subjects(Watched::Cgroup(path.to_owned())).read()[1].clone();
        assert_eq!((reading.cpu, reading.resident), (Some(1_500_000), Some(4096)));
        assert_eq!((reading.minor_faults, reading.major_faults), (Some(20), Some(10)));
        assert_eq!((reading.disk_read, reading.disk_written, reading.threads), (Some(5), Some(6), None));
        assert_eq!(reading.why.as_deref(), Some("the cgroup does not account for pids"));
    }
}

#[test]
fn bridges_count_nothing_where_there_are_devices() {
    let fake = Fake::new();
    fake.write("proc/stat", "cpu  1 1 1 1 1 1 1 1 0 0\n");
    fake.write("proc/net/dev", " eth0: 100 1 0 0 0 0 0 0 200 2\n docker0: 7 1 0 0 0 0 0 0 9 1\n");
    let received = || fake.subjects(Watched::Pid(1)).read()[2].received;
    assert_eq!(received(), Some(107));
    fs::create_dir_all(fake.path("interfaces/eth0/device")).unwrap();
    assert_eq!(received(), Some(100));
}

/// Prints what a reading costs here: `cargo test --release -p annvil-conduct resources -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stderr)]
fn cost_of_a_reading() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sleeps: Vec<Running> = (0..200).map(|_| Running::start("sleep", &["60"])).collect();
    let processes = fs::read_dir(Path::new("/proc")).unwrap().count();
    for (what, watched) in [
        ("nothing watched", vec![]),
        ("one process", vec![Watched::Pid(sleeps[0].0.id())]),
        ("a port with 200 descendants", vec![Watched::Port(port)]),
    ] {
        let watch: Vec<Watch> = watched.into_iter().map(Watch::new).collect();
        let mut subjects = Subjects::new(&watch, &Roots::default());
        subjects.read();
        let before = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        for _ in 0..200 {
            subjects.read();
        }
        let after = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let used =
            (after.tv_sec - before.tv_sec) as f64 * 1e6 + (after.tv_nsec - before.tv_nsec) as f64 / 1e3;
        eprintln!("{what}: {:.0} µs a reading, about {processes} processes", used / 200.0);
    }
}
