//! Processors that somebody else has.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};

use super::common::{alone, fvecs};
use super::{Place, named, skipped};

/// Share of their time that the client's threads may wait on a machine that is quiet.
const QUIET: f64 = 0.04;

/// Threads that keep every core busy for a seventh of the time, until dropped: more than a fifth would make runs invalid.
struct Spinners(Arc<AtomicBool>, Vec<JoinHandle<()>>);

impl Spinners {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let spin = |stop: Arc<AtomicBool>| {
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    while began.elapsed() < Duration::from_millis(6) {
                        std::hint::spin_loop();
                    }
                    std::thread::sleep(Duration::from_millis(34));
                }
            }
        };
        let threads = (0..cores()).map(|_| std::thread::spawn(spin(Arc::clone(&stop)))).collect();
        Self(stop, threads)
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        for thread in self.1.drain(..) {
            let _ = thread.join();
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs whose threads hardly waited: of a client that waits already nobody could say that it came to wait.
fn quiet(place: &Place) -> Option<String> {
    let name = |text: &str| text.to_owned();
    let waited = MetricKey {
        variant: name("flat"),
        point: String::new(),
        phase: name("search"),
        form: String::new(),
        quantity: Quantity::CpuWait,
        stat: Stat::Value,
    };
    place.measure_where(&[], |id| place.values(id, &waited).iter().all(|share| *share < QUIET))
}

#[test]
fn a_client_that_waits_for_a_processor_is_bound_by_it() {
    let _alone = alone();
    // A session a core: who wants a core takes it from one of them. A search takes about as long as the scheduler lets others run.
    let scenario = format!(
        "
data: {{base: ./base.fvecs, queries: ./queries.fvecs, metric: cosine}}
engine: embedded
variants: {{flat: {{rows: 20k}}}}
phases:
  - verify: {{queries: 3, writes: false}}
  - search: {{k: 10, sessions: {}, for: 2s, warmup: 50}}
",
        cores()
    );
    let place = Place::of(&scenario, "");
    fs::write(place.path().join("base.fvecs"), fvecs(40_000, 256)).unwrap();
    fs::write(place.path().join("queries.fvecs"), fvecs(50, 256)).unwrap();
    let Some(before) = quiet(&place) else { return };
    // More work for each query, on a machine that is as quiet. A flat scan is the rows: memory grows with the index.
    let Some(_) = place.causes(&before, &["variants.flat.rows=40k"], &["index-larger"], &[]) else { return };
    let spinners = Spinners::start();
    // Runs that waited too long can't be judged, and then that is what is said.
    let starved = place.measure(&[]);
    drop(spinners);
    let Some(starved) = starved else { return };
    let report = place.judged(&before, &starved);
    if report.exit_code == 1 {
        assert!(named(&report).contains(&"client-bound"), "{:#?}", report.causes);
    } else {
        skipped(&format!("threads that wait made no difference that is certain: {}", report.sentence));
    }
}
