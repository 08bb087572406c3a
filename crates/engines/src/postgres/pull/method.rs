//! The index that a variant may claim of a table that is there.

use annvil_core::engine::Result;
use annvil_core::metric::Metric;
use tokio_postgres::Client;

use super::relation::{Relation, VectorColumn, rows, text};
use crate::postgres::operators::Operators;

impl Relation {
    /// The access method of an index over the whole column for this metric, HNSW before others.
    pub(super) async fn method(
        &self,
        client: &Client,
        vector: &VectorColumn,
        metric: Metric,
    ) -> Result<Option<String>> {
        let sql = format!(
            "select amname, opcname from pg_index i join pg_class c on c.oid = indexrelid join pg_am a on a.oid = relam \
             join pg_opclass o on o.oid = indclass[0] where indrelid = {}::oid and indkey[0] = {} and indpred is null \
             and indisvalid and amname in ('hnsw', 'ivfflat', 'diskann') order by amname <> 'hnsw', 1",
            self.oid, vector.column.number
        );
        let end = format!("_{}_ops", Operators::new(metric).class());
        let found = rows(client, &sql, "look for indexes").await?;
        Ok(found.iter().find(|row| text(row, 1).ends_with(&end)).map(|row| text(row, 0)))
    }
}
