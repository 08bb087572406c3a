//! The table of what a server counted, phase by phase.

use annvil_core::quantity::Stat;
use annvil_core::server::PoolFigures;
use annvil_core::units::count;

use super::{Column, Row, Sheet};
use crate::text::ABSENT;
use crate::view::server::{Counted, counted};
use crate::view::{View, label};

/// Rows that are listed: the record has all of them.
const MOST: usize = 60;

/// A row for each phase in which a server counted anything; `None` if none did.
pub(crate) fn server(view: &View<'_>) -> Option<Sheet> {
    let counted = counted(view);
    let mut sheet = Sheet {
        title: "server".to_owned(),
        caption: "hits: pages of table and index found in the server's buffers · log: write-ahead log · temporary: files of queries that \
                  ran out of memory · wait: for a connection of the client's pool"
            .to_owned(),
        columns: vec![
            Column::name(""),
            Column::words("phase", 0),
            Column::figure("hits", 0),
            Column::figure("pages read", 2),
            Column::figure("log", 1),
            Column::figure("temporary", 3),
            Column::figure("connections", 4),
            Column::figure("wait p50", 5),
            Column::figure("wait p99", 2),
            Column::words("pooler, at most", 6),
        ],
        ..Sheet::default()
    };
    for variant in &view.variants {
        let own = counted.iter().filter(|one| one.variant.number == variant.number);
        sheet.group(own.map(row).filter(|row| row.cells[2..].iter().any(|cell| cell != ABSENT)));
    }
    if sheet.rows.len() > MOST {
        sheet.notes.push(format!("and {} more rows; run.json has them all", sheet.rows.len() - MOST));
        sheet.rows.truncate(MOST);
    }
    (!sheet.rows.is_empty()).then(|| sheet.without_empty_columns())
}

fn row(one: &Counted<'_, '_>) -> Row {
    let figures = one.figures;
    let wait = |stat| label::time(figures.connection_wait.as_ref().and_then(|wait| wait.stat(stat)));
    let number = |number: Option<u64>| number.map_or_else(|| ABSENT.to_owned(), count);
    // Nothing written and nothing spilt is the usual case, and says nothing.
    let bytes = |bytes: Option<annvil_core::units::Bytes>| {
        label::size(bytes.filter(|bytes| bytes.0 > 0).map(|bytes| bytes.0 as f64))
    };
    let cells = vec![
        one.variant.plain_name(),
        one.place.clone(),
        label::share(figures.hit_share()),
        number(figures.buffers_read.filter(|_| figures.hit_share().is_some())),
        bytes(figures.log),
        bytes(figures.temporary),
        number(figures.connections),
        wait(Stat::P50),
        wait(Stat::P99),
        pools(&figures.pools),
    ];
    Row::of(one.variant.number, cells)
}

/// The pools that were used, in words.
fn pools(pools: &[PoolFigures]) -> String {
    let used = pools.iter().filter(|pool| pool.clients_active + pool.clients_waiting > 0);
    let words: Vec<String> = used
        .map(|pool| {
            let mut words = format!(
                "{}: {} of {} on {}",
                crate::text::one_line(&pool.name),
                count(pool.clients_active),
                label::plural(pool.clients_active + pool.clients_waiting, "client"),
                label::plural(pool.servers_active, "connection")
            );
            if pool.clients_waiting > 0 {
                words.push_str(&format!(", longest wait {}", pool.longest_wait));
            }
            words
        })
        .collect();
    if words.is_empty() { ABSENT.to_owned() } else { words.join("; ") }
}
