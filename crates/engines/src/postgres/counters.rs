//! Counters of the server for one collection: sizes, buffers, write-ahead log.

use std::sync::PoisonError;
use std::time::Duration;

use annvil_core::engine::{Result, Usage};
use annvil_core::server::ServerFigures;
use annvil_core::units::Bytes;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::design::Design;
use super::quote;
use super::report::failed;

/// A session that was closed hands in what it counted when its backend ends, a moment later.
const FLUSH: Duration = Duration::from_millis(300);

impl Design {
    /// A query for the numbers of the collection's tables, partitions included; `None` if they are not known (yet).
    fn tables(&self) -> Option<String> {
        let names: Vec<String> = if self.is_existing() {
            let relations = self.relations.lock().unwrap_or_else(PoisonError::into_inner);
            relations.iter().filter_map(|name| quote::text(name)).collect()
        } else {
            quote::text(self.table()).into_iter().collect()
        };
        if names.is_empty() {
            return None;
        }
        // `pg_partition_tree` answers nothing for a table without partitions.
        let names = names.join(", ");
        Some(format!(
            "select to_regclass(name)::oid as oid from unnest(array[{names}]) name where to_regclass(name) is not null union \
             select relid::oid from unnest(array[{names}]) name, pg_partition_tree(to_regclass(name))"
        ))
    }
}

/// What the collection takes. Figures that the server does not give stay unknown.
pub(super) async fn usage(client: &Client, design: &Design) -> Result<Usage> {
    let Some(tables) = design.tables() else { return Ok(Usage::default()) };
    let sql = format!(
        "with tables as ({tables}), \
         vectors as (select indexrelid from pg_index join pg_class c on c.oid = indexrelid join pg_am a on a.oid = relam \
           where indrelid in (select oid from tables) and amname in ('hnsw', 'ivfflat', 'diskann', 'ruivfflat')) \
         select (select coalesce(sum(pg_relation_size(indexrelid)), 0) from vectors), \
         (select sum(pg_table_size(oid)) from tables), \
         (select coalesce(sum(pg_total_relation_size(reltoastrelid)), 0) from tables join pg_class using (oid) where reltoastrelid <> 0), \
         (select sum(pg_total_relation_size(oid)) from tables)"
    );
    let [index, table, out_of_line, disk] = numbers(client, &sql, "read sizes").await?;
    // A count may take minutes on a table of somebody else's.
    let rows = if design.is_existing() {
        None
    } else {
        numbers::<1>(client, &format!("select count(*) from {}", design.table()), "count rows").await?[0]
    };
    Ok(Usage {
        rows,
        index: index.map(Bytes),
        codes: None,
        table: table.map(Bytes),
        out_of_line: out_of_line.map(Bytes),
        buffers: buffers(client, &tables, !design.is_existing()).await.map(Bytes),
        payload: None,
        disk: disk.map(Bytes),
    })
}

/// Bytes of tables and indexes that are in the server's buffers, if `pg_buffercache` is there or can be had.
async fn buffers(client: &Client, tables: &str, may_create: bool) -> Option<u64> {
    let doing = "read the buffers";
    // Where the table is somebody else's the database stays as it is.
    if may_create {
        // Who may not create it, or has no such extension, only lacks this figure.
        drop(client.batch_execute("create extension if not exists pg_buffercache").await);
    }
    let there = "select count(*) from pg_extension where extname = 'pg_buffercache'";
    if numbers::<1>(client, there, doing).await.ok()? != [Some(1)] {
        return None;
    }
    let sql = format!(
        "with tables as ({tables}), parts as (select oid from tables union \
           select indexrelid from pg_index where indrelid in (select oid from tables) union \
           select reltoastrelid from tables join pg_class using (oid) where reltoastrelid <> 0 union \
           select indexrelid from pg_index join pg_class t on t.reltoastrelid = indrelid join tables on tables.oid = t.oid) \
         select count(*) * current_setting('block_size')::bigint from pg_buffercache b \
         join parts on b.relfilenode = pg_relation_filenode(parts.oid) \
         where b.reldatabase = (select oid from pg_database where datname = current_database())"
    );
    numbers::<1>(client, &sql, doing).await.ok()?[0]
}

/// Counters since the server's own start: pages of the collection and of the database, temporary files, write-ahead log.
///
/// A backend keeps what it counted in the last second to itself until it is idle for 10 seconds, or ends. So this waits until
/// the sessions of a phase have ended, if there were any. Behind a pooler backends go on living, and the last second of a phase may be missing.
pub(super) async fn observe(client: &Client, design: &Design, sessions: bool) -> Result<ServerFigures> {
    // Speaks for this backend only. Versions before 15 have no such function, and a collector that needs none.
    drop(client.batch_execute("select pg_stat_force_next_flush()").await);
    if sessions {
        tokio::time::sleep(FLUSH).await;
    }
    let tables = design.tables().unwrap_or_else(|| "select null::oid as oid where false".to_owned());
    // On a standby there is no place of insertion.
    let sql = format!(
        "with tables as ({tables}), \
         heap as (select sum(coalesce(heap_blks_hit, 0) + coalesce(idx_blks_hit, 0) + coalesce(toast_blks_hit, 0) + coalesce(tidx_blks_hit, 0)) as hit, \
           sum(coalesce(heap_blks_read, 0) + coalesce(idx_blks_read, 0) + coalesce(toast_blks_read, 0) + coalesce(tidx_blks_read, 0)) as read \
           from pg_statio_all_tables where relid in (select oid from tables)) \
         select heap.hit, heap.read, d.blks_hit, d.blks_read, d.temp_bytes, \
         case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') end \
         from heap, pg_stat_database d where d.datname = current_database()"
    );
    let [hit, read, database_hit, database_read, temporary, log] =
        numbers(client, &sql, "read the server's counters").await?;
    Ok(ServerFigures {
        buffers_hit: hit,
        buffers_read: read,
        database_hit,
        database_read,
        temporary: temporary.map(Bytes),
        log: log.map(Bytes),
        ..ServerFigures::default()
    })
}

/// The columns of the first row; NULL is unknown.
pub(super) async fn numbers<const N: usize>(
    client: &Client,
    sql: &str,
    doing: &str,
) -> Result<[Option<u64>; N]> {
    let answers = client.simple_query(sql).await.map_err(|error| failed(doing, &error))?;
    let row = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(std::array::from_fn(|at| row.filter(|row| at < row.len())?.get(at)?.parse().ok()))
}
