//! The report as one HTML file: no network, light and dark, readable without script and on paper.

use std::fmt::Write as _;

use annvil_core::record::RunRecord;
use annvil_core::units::{count, time_text};

use crate::Series;
use crate::sheet::{self, Sheet};
use crate::text::{capital, one_line};
use crate::view::limit::limits;
use crate::view::{Measure, View, facts, label};

mod bars;
mod churn;
mod curves;
mod details;
mod draw;
mod escape;
mod frontier;
mod latency;
mod load;
mod plot;
mod scale;
mod series;
mod table;
mod trend;
mod verdict;
mod walk;

pub(crate) use escape::esc;
pub use trend::trend_html;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// Nothing is fetched and nothing but what is in the file runs.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// Variants from which further searches are drawn with less: it bounds the file's size.
const MANY: usize = 12;

/// Points of all series together: bounds the file's size however long a run was.
const POINTS: usize = 9_000;

const FRONTIER: &str = "Large marks are the reported points. No point beats those on the grey band in both.";
const HILLS: &str = "Each hill is as high as its own peak, the marks are p50 and p99.";
const PAIRS: &str =
    "Each hill is as high as its own peak, the marks are p50 and p99; dashed: service time alone.";

/// The whole file, well below a megabyte. Everything that comes from the record is escaped.
pub fn html(record: &RunRecord) -> String {
    html_with_history(record, &[])
}

/// The same with a section at its end: figures of the run over the earlier runs like it, of which it is the last point.
pub fn html_with_history(record: &RunRecord, history: &[Series]) -> String {
    let view = View::new(record);
    let mut body = String::new();
    body.push_str(&header(record));
    section(&mut body, "verdict", "", &verdict::panel(&view));
    searches(&mut body, &view);
    load::limit(&mut body, &view);
    load::sessions(&mut body, &view);
    load::migration(&mut body, &view);
    load::mixed(&mut body, &view);
    load::runbooks(&mut body, &view);
    load::over_time(&mut body, &view);
    sizes(&mut body, &view);
    section(&mut body, "objectives", "Objectives", &verdict::objectives(&view));
    if let Some(sheet) = sheet::work(&view) {
        section(&mut body, "work", "Other work", &table::table(&view, &sheet));
    }
    rest(&mut body, &view);
    section(&mut body, "history", "History", &trend::history(history));
    page(&record.plan.name, &record.build.version, &body)
}

/// A page with a title, which is escaped here, and a body, which already is.
fn page(title: &str, version: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"generator\" content=\"annvil {}\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{} · annvil</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         <div id=\"tip\" role=\"status\" hidden></div>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        esc(version),
        esc(&one_line(title))
    )
}

fn header(record: &RunRecord) -> String {
    let data = &record.plan.dataset;
    let cpu = record.environment.cpu.as_deref().unwrap_or("unknown processor");
    let meta = [
        format!(
            "{} {} × {} {}, {} queries",
            data.name,
            count(data.rows as u64),
            data.dim,
            data.metric,
            count(data.queries as u64)
        ),
        format!("{} {cpu}", label::plural(record.environment.cores as u64, "core")),
        format!("seed {}", record.plan.seed),
        record.started.clone(),
        format!("took {}", time_text(record.seconds * 1e9)),
        format!("annvil {}", record.build.version),
    ];
    let meta: Vec<String> =
        meta.iter().map(|part| format!("<span>{}</span>", esc(&one_line(part)))).collect();
    let why = match record.plan.why.trim() {
        "" => String::new(),
        why => format!("<p class=\"why\">{}</p>", esc(why)),
    };
    format!(
        "<header><button id=\"theme\" type=\"button\" aria-label=\"light or dark\" hidden>◐</button>\
         <p class=\"brand\">annvil</p><h1>{}</h1>{why}<p class=\"meta\">{}</p></header>\n",
        esc(&one_line(&record.plan.name)),
        meta.join("")
    )
}

/// A section; nothing if it would be empty.
fn section(out: &mut String, id: &str, title: &str, inside: &str) {
    if inside.is_empty() {
        return;
    }
    let title = if title.is_empty() { String::new() } else { format!("<h2>{}</h2>", esc(title)) };
    let _ = writeln!(out, "<section id=\"{id}\">{title}{inside}</section>");
}

/// A drawing with its title and how to read it; nothing without a drawing.
fn figure(title: &str, how: &str, drawing: &str) -> String {
    if drawing.is_empty() {
        return String::new();
    }
    let how = if how.is_empty() { String::new() } else { format!("<small>{}</small>", esc(how)) };
    let caption = if title.is_empty() {
        String::new()
    } else {
        format!("<figcaption>{}{how}</figcaption>", esc(title))
    };
    format!("<figure>{caption}{drawing}</figure>")
}

/// Side by side where there is room; nothing if both are empty.
fn columns(columns: [String; 2]) -> String {
    if columns.iter().all(String::is_empty) {
        return String::new();
    }
    format!("<div class=\"pair\">{}</div>", columns.map(|column| format!("<div>{column}</div>")).join(""))
}

fn fold(title: &str, inside: &str) -> String {
    if inside.is_empty() {
        String::new()
    } else {
        format!("<details><summary>{}</summary>{inside}</details>", esc(title))
    }
}

/// How distributions are read.
fn how(measure: &Measure<'_>) -> &'static str {
    if measure.open { PAIRS } else { HILLS }
}

/// A table of a search, and what is behind its response times.
fn searched(view: &View<'_>, measure: &Measure<'_>, sheet: &Sheet) -> String {
    let mut tables = table::table(view, sheet);
    tables.extend(sheet::open(view, measure).map(|sheet| table::table(view, &sheet)));
    tables
}

/// The first search in full; what is different about each further one.
fn searches(out: &mut String, view: &View<'_>) {
    let mut searches = view.searches();
    let Some(first) = searches.next() else {
        if view.main().is_none() && limits(view).is_empty() && sheet::runbooks(view).is_empty() {
            section(out, "search", "Search", "<p class=\"mute\">No search was measured.</p>");
        }
        return;
    };
    let sheet = sheet::search(view, first, true);
    section(out, "search", "", &(load::heading("h2", &sheet) + &searched(view, first, &sheet)));
    let mut left = String::new();
    left.extend(
        frontier::frontier(view, first)
            .filter(|_| !first.open)
            .map(|drawing| figure("How right, how fast", FRONTIER, &drawing)),
    );
    let equal = sheet::equal_recall(view, first)
        .map(|equal| format!("<h3>{}</h3>{}", esc(&capital(&equal.title)), table::table(view, &equal)));
    // A long table would leave half of the page empty beside it.
    let beside = view.variants.len() <= MANY;
    left.extend(equal.iter().filter(|_| beside).cloned());
    let mut right = String::new();
    right.extend(
        latency::hills(view, first).map(|drawing| figure("How long a search takes", how(first), &drawing)),
    );
    let tail = latency::tail(view, first).map(|drawing| figure("The slow ones", "", &drawing));
    if beside { &mut right } else { &mut left }.extend(tail);
    let mut inside = columns([left, right]);
    inside.extend(equal.filter(|_| !beside));
    if let Some(sweep) = sheet::sweep(view, first) {
        let _ = write!(inside, "<h3>{}</h3>{}", esc(&capital(&sweep.title)), table::table(view, &sweep));
    }
    section(out, "figures", "", &inside);
    let further = searches.fold(String::new(), |mut further, measure| {
        let sheet = sheet::search(view, measure, false);
        further.push_str(&load::heading("h3", &sheet));
        further.push_str(&searched(view, measure, &sheet));
        let tail = latency::tail(view, measure).filter(|_| view.variants.len() <= MANY);
        let drawings = [latency::hills(view, measure), tail].map(Option::unwrap_or_default).map(|drawing| {
            figure("", how(measure).split_once("; ").map_or("", |(_, dashed)| dashed), &drawing)
        });
        further.push_str(&fold("distribution", &columns(drawings)));
        further
    });
    section(out, "searches", "Other searches", &further);
}

fn sizes(out: &mut String, view: &View<'_>) {
    let mut inside = bars::sizes(view).map_or_else(String::new, |drawing| figure("", "", &drawing));
    if let Some(sheet) = sheet::sizes(view) {
        inside.push_str(&table::table(view, &sheet));
    }
    section(out, "size", "Size", &inside);
}

/// What is there for those who want to see it all.
fn rest(out: &mut String, view: &View<'_>) {
    if let Some(drawing) = bars::time(view) {
        let parts = fold("every phase and its parts", &details::parts(bars::parts(view)));
        section(out, "spent", "Where the time went", &(figure("", "", &drawing) + &parts));
    }
    if let Some(sheet) = sheet::resources(view) {
        let inside = fold("every phase, by client, what is watched and host", &table::table(view, &sheet));
        section(out, "resources", "Resources", &inside);
    }
    if let Some(sheet) = sheet::server(view) {
        section(out, "server", "Server", &(table::table(view, &sheet) + &details::advice(view)));
    }
    section(out, "plans", "How queries are answered", &details::plans(view));
    section(out, "verification", "Verification", &details::verification(view));
    section(out, "validity", "Validity", &fold("every check of every measurement", &details::validity(view)));
    let record = view.record;
    let machine = columns([
        format!("<h3>Run</h3>{}", table::facts(&facts::run(record))),
        format!("<h3>Machine</h3>{}", table::facts(&facts::environment(record))),
    ]);
    section(out, "environment", "Environment", &machine);
    section(out, "engine", "Engine", &details::engines(view));
    section(
        out,
        "plan",
        "Plan",
        &fold(&format!("the whole plan, hash {}", record.plan_hash), &details::plan(view)),
    );
}

/// A number without needless digits: `99`, `99.9`.
fn trim(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
