//! The few fields that are wanted of a few files under `/proc` and `/sys/fs/cgroup`, from their text.
//!
//! The `procfs` crate knows all of these files. It is not used: it builds a map or 50 fields where one number is wanted,
//! reads every connection of the host to find the one socket that listens, fails whole where a field is missing, and has
//! nothing for the files of a cgroup. Here a text that is cut off or of another shape is an absent figure, never a panic.

use std::io::BufRead;

/// What `/proc/<pid>/stat` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    /// Name of the program, at most 15 bytes.
    pub(super) name: String,
    /// Whether it has ended and only waits for its parent to notice.
    pub(super) ended: bool,
    pub(super) parent: u32,
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
    /// Processor time, in clock ticks.
    pub(super) ticks: u64,
    pub(super) threads: u64,
    /// When it began, in clock ticks since the machine did.
    pub(super) start: u64,
}

/// `/proc/<pid>/stat`. The name stands in parentheses and may hold spaces and parentheses itself.
pub(super) fn stat(text: &str) -> Option<Stat> {
    let (open, close) = (text.find('(')?, text.rfind(')')?);
    let name = text.get(open + 1..close)?.to_owned();
    let fields: Vec<&str> = text.get(close + 1..)?.split_whitespace().collect();
    // Numbered from the state, which `man proc_pid_stat` calls field 3.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        name,
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
        parent: u32::try_from(number(4)?).ok()?,
        minor_faults: number(10)?,
        major_faults: number(12)?,
        ticks: number(14)?.saturating_add(number(15)?),
        threads: number(20)?,
        start: number(22)?,
    })
}

/// `/proc/<pid>/statm`: resident pages, and how many of them other processes may share.
pub(super) fn statm(text: &str) -> Option<(u64, u64)> {
    let mut fields = text.split_whitespace().skip(1).map(str::parse::<u64>);
    Some((fields.next()?.ok()?, fields.next()?.ok()?))
}

/// The number behind a name at the beginning of a line: `name: 12`, `name 12`, `name: 12 kB`.
pub(super) fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let rest = rest.strip_prefix(':').or_else(|| rest.starts_with([' ', '\t']).then_some(rest))?;
        rest.split_whitespace().next()?.parse().ok()
    })
}

/// `/proc/net/tcp` and `tcp6`: inodes of the sockets that listen on a port. Those that listen come first in the file, so
/// that thousands of connections behind them are not read.
pub(super) fn listening(text: impl BufRead, port: u16) -> Vec<u64> {
    let mut inodes = Vec::new();
    for line in text.lines().skip(1).map_while(Result::ok) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (Some(local), Some(state)) = (fields.get(1), fields.get(3)) else { continue };
        match *state {
            "0A" => {}
            // One that is being closed may still stand among them.
            "07" => continue,
            _ => break,
        }
        let at = local.rsplit_once(':').and_then(|(_, hex)| u16::from_str_radix(hex, 16).ok());
        if at == Some(port) {
            inodes.extend(fields.get(9).and_then(|inode| inode.parse::<u64>().ok()));
        }
    }
    inodes
}

/// The inode in a link such as `socket:[4711]`.
pub(super) fn socket(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Bytes since the interface came up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) loopback: u64,
}

/// `/proc/net/dev`: all interfaces by name, with bytes received and sent.
pub(super) fn interfaces(text: &str) -> Vec<(&str, u64, u64)> {
    text.lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(':')?;
            let mut fields = rest.split_whitespace().map(str::parse::<u64>);
            Some((name.trim(), fields.next()?.ok()?, fields.nth(7)?.ok()?))
        })
        .collect()
}

/// The sum over the interfaces that `counts`; loopback by itself.
pub(super) fn network(text: &str, counts: impl Fn(&str) -> bool) -> Network {
    let mut sum = Network::default();
    for (name, received, sent) in interfaces(text) {
        if name == "lo" {
            sum.loopback = received;
        } else if counts(name) {
            sum.received = sum.received.saturating_add(received);
            sum.sent = sum.sent.saturating_add(sent);
        }
    }
    sum
}

/// Processor time of all cores, in clock ticks since the machine began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cores {
    pub(super) busy: u64,
    pub(super) stolen: u64,
    pub(super) all: u64,
}

/// The first line of `/proc/stat`.
pub(super) fn cores(text: &str) -> Option<Cores> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let fields: Option<Vec<u64>> = line.split_whitespace().map(|field| field.parse().ok()).collect();
    // Guests follow and are counted in user already.
    let [user, nice, system, idle, iowait, irq, softirq, stolen] = *fields?.first_chunk::<8>()?;
    let sum = |parts: &[u64]| parts.iter().fold(0u64, |sum, part| sum.saturating_add(*part));
    let busy = sum(&[user, nice, system, irq, softirq]);
    Some(Cores { busy, stolen, all: sum(&[busy, idle, iowait, stolen]) })
}

/// `io.stat` of a cgroup: bytes read and written, all devices together.
pub(super) fn io_stat(text: &str) -> (u64, u64) {
    let sum = |key: &str| {
        let values = text.split_whitespace().filter_map(|field| field.strip_prefix(key)?.parse::<u64>().ok());
        values.fold(0u64, u64::saturating_add)
    };
    (sum("rbytes="), sum("wbytes="))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1539 00000000:0000 07 00000000:00000000 00:00000000 00000000   999        0 4712 1 0000000000000000 100 0 0 10 0
   2: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 4713 1 0000000000000000 100 0 0 10 0
   3: 0100007F:1538 0100007F:C350 01 00000000:00000000 00:00000000 00000000   999        0 4714 1 0000000000000000 100 0 0 10 0
   4: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 4715 1 0000000000000000 100 0 0 10 0
";

    #[test]
    fn a_name_may_hold_spaces_and_parentheses() {
        let text = "42 (a) b (c)) S 7 42 42 0 -1 4194560 120 30 5 6 70 8 90 10 20 0 3 0 900 1000000 250 18446744073709551615 1 1 0\n";
        let read = stat(text).unwrap();
        assert_eq!((read.name.as_str(), read.ended, read.parent), ("a) b (c)", false, 7));
        assert_eq!((read.minor_faults, read.major_faults, read.ticks), (120, 5, 78));
        assert_eq!((read.threads, read.start), (3, 900));
        assert!(stat(&text.replace(") S", ") Z")).unwrap().ended);
        assert_eq!(stat("42 (cut) S 7 42"), None);
        assert_eq!(stat(") backwards ("), None);
    }

    #[test]
    fn sockets_that_listen_are_found_by_port() {
        assert_eq!(listening(TCP.as_bytes(), 5432), [4711, 4713]);
        assert_eq!(listening(TCP.as_bytes(), 5433), [0u64; 0]);
        let six = TCP.replace("0100007F:1538", "00000000000000000000000000000000:1538");
        assert_eq!(listening(six.as_bytes(), 5432), [4711, 4713]);
        assert_eq!(
            (socket("socket:[4711]"), socket("pipe:[4711]"), socket("/dev/null")),
            (Some(4711), None, None)
        );
    }

    #[test]
    fn numbers_are_found_by_their_whole_name() {
        let io = "rchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 7\n";
        assert_eq!((value(io, "read_bytes"), value(io, "write_bytes")), (Some(4096), Some(8192)));
        assert_eq!(value(io, "write"), None);
        let group = "usage_usec 1500\nuser_usec 1000\n";
        assert_eq!((value(group, "usage_usec"), value(group, "nr_periods")), (Some(1500), None));
        assert_eq!(value("MemTotal:  10 kB\nMemAvailable:    4 kB\n", "MemAvailable"), Some(4));
        assert_eq!(statm("900 250 100 1 0 60 0\n"), Some((250, 100)));
        assert_eq!(
            io_stat("8:0 rbytes=10 wbytes=20 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=5 wbytes=0\n"),
            (15, 20)
        );
        assert_eq!(io_stat(""), (0, 0));
    }

    #[test]
    fn loopback_is_apart_and_interfaces_can_be_left_out() {
        let text = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     500       5    0    0    0     0          0         0      500       5    0    0    0     0       0          0
  eth0:100 10 0 0 0 0 0 0 200 20 0 0 0 0 0 0
 veth1: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0
";
        assert_eq!(network(text, |_| true), Network { received: 1100, sent: 2200, loopback: 500 });
        assert_eq!(network(text, |name| name == "eth0"), Network { received: 100, sent: 200, loopback: 500 });
    }

    #[test]
    fn waiting_and_stolen_time_is_not_busy() {
        let text = "cpu  10 20 30 400 50 6 7 80 9 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(cores(text), Some(Cores { busy: 73, stolen: 80, all: 603 }));
        assert_eq!(cores("cpu  10 20 30\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(
            text in "(?s).{0,80}|[0-9():. \\nA-Fa-z=|-]{0,200}",
            numbers in prop::collection::vec(any::<u64>(), 0..60),
            cut in 0usize..400,
        ) {
            let row = numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
            let mut texts = vec![text, format!("1 (x) R {row}"), format!("cpu  {row}"), format!("a\n a: {row}")];
            texts.push(TCP.chars().take(cut).collect());
            for text in &texts {
                let _ = (stat(text), statm(text), value(text, "a"), listening(text.as_bytes(), 80), socket(text));
                let _ = (network(text, |_| true), cores(text), io_stat(text));
            }
        }
    }
}
