//! `cargo xtask compare-faiss`: exact search, ours and faiss', in one go.
//!
//! Both sides hold the vectors in memory and search when they are told to, by turns, so that whatever else the machine does
//! meets both. Timed is the search alone: ours from the rows as they are to the answers, faiss' `index.search`; its
//! `add`, and the widening of bytes to floats that it needs, stand outside.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, fs};

use anyhow::{Context, bail};

use crate::python;

/// Timed searches of each side; one more of each goes before.
const REPEATS: usize = 9;

/// Neighbours of each query.
const K: usize = 100;

/// Where Debian puts the images.
const FASHION: &str = "/usr/share/datasets/fashion-mnist";

/// Runs the comparison and prints a table.
pub fn run() -> anyhow::Result<()> {
    let python = python::environment(&python::FAISS)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    let ours = build(root)?;
    let folder = python::cache()?.join("compare-faiss");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let images = Path::new(FASHION).is_dir() || python::install("dataset-fashion-mnist");
    let mut data = Command::new(&python);
    data.arg(root.join("xtask/scripts/faiss_data.py")).arg(&folder).arg(root.join("datasets/wordnet-10k"));
    if images {
        data.arg(FASHION);
    }
    if !data.status().context("cannot start python")?.success() {
        bail!("the vectors could not be made; see the message above");
    }
    let bytes = if images { "Fashion-MNIST" } else { "random bytes" };
    println!("exact top-{K} of 1,000 queries, median of {REPEATS} searches by turns\n");
    println!("| rows | metric | threads | ours | faiss | ratio |");
    println!("|---|---|---|---|---|---|");
    for (name, what, metric) in [
        ("wordnet", "50,000 × 384 f32, WordNet", "cosine"),
        ("bytes", &format!("60,000 × 784 u8, {bytes}"), "l2"),
    ] {
        for threads in ["1", "2"] {
            let file = |part: &str| folder.join(format!("{name}.{part}"));
            let arguments = |answers: &str| {
                let (base, queries, answers) = (file("base.npy"), file("queries.npy"), file(answers));
                [base, queries, metric.into(), K.to_string().into(), threads.into(), answers]
            };
            let mut ours = Side::start(Command::new(&ours).args(arguments("ours")))?;
            let mut theirs = Side::start(
                Command::new(&python)
                    .arg(root.join("xtask/scripts/faiss_search.py"))
                    .args(arguments("faiss"))
                    .env("OMP_NUM_THREADS", threads)
                    .env("OPENBLAS_NUM_THREADS", threads)
                    // Threads that wait for work must not take the processor from the other side.
                    .env("OMP_WAIT_POLICY", "passive"),
            )?;
            let (mut a, mut b) = (vec![], vec![]);
            for repeat in 0..=REPEATS {
                let times = (ours.search()?, theirs.search()?);
                if repeat > 0 {
                    a.push(times.0);
                    b.push(times.1);
                }
            }
            ours.end()?;
            theirs.end()?;
            same(&file("ours"), &file("faiss"))?;
            let (a, b) = (median(a), median(b));
            println!("| {what} | {metric} | {threads} | {a:.3} s | {b:.3} s | {:.2} |", b / a);
        }
    }
    println!("\nThe distances of all answers agree.");
    Ok(())
}

/// Compiles our side and finds it.
fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--release", "--package", "annvil-data", "--example", "exact"];
    let mut command = Command::new(cargo);
    command.args(arguments).arg("--message-format=json-render-diagnostics").current_dir(root);
    let output = command.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the example `exact` of annvil-data does not compile; see above");
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let path =
        said.lines().filter_map(|line| line.split_once("\"executable\":\"")?.1.split('"').next()).next_back();
    path.map(PathBuf::from).context("cargo does not say where it put the example")
}

/// One of the two, waiting to search.
struct Side {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Side {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let input = child.stdin.take().context("no input")?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, input, output })
    }

    /// Seconds of one search.
    fn search(&mut self) -> anyhow::Result<f64> {
        writeln!(self.input).context("one side of the comparison has ended; see its message above")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        line.trim().parse().with_context(|| format!("one side answered `{}`", line.trim()))
    }

    /// Lets it write its answers.
    fn end(mut self) -> anyhow::Result<()> {
        drop(self.input);
        let status = self.child.wait()?;
        if !status.success() {
            bail!("one side of the comparison ended with {status}");
        }
        Ok(())
    }
}

/// Distances must agree to what single precision leaves of them. Ids may differ where distances are equal.
fn same(ours: &Path, theirs: &Path) -> anyhow::Result<()> {
    let read = |path: &Path| -> anyhow::Result<Vec<f64>> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
    };
    let (ours, theirs) = (read(ours)?, read(theirs)?);
    if ours.len() != theirs.len() {
        bail!("{} distances of ours, {} of faiss", ours.len(), theirs.len());
    }
    // Squares: those are what faiss computes.
    let largest = ours.iter().fold(1.0_f64, |most, x| most.max(x * x));
    for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        if (a * a - b * b).abs() > 1e-5 * largest {
            bail!("query {}, neighbour {}: distance {a} by ours, {b} by faiss", i / K, i % K);
        }
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
