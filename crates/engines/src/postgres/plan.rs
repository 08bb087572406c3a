//! How the server answers a form: its plan, and whether that is what the variant claims.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use annvil_core::engine::Result;
use annvil_core::server::Explained;
use serde_json::Value;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Error};

use super::build::{first, regclass};
use super::design::Design;
use super::rows::Raw;
use super::statement::Statement;
use super::{honoured, knobs, quote, report};

/// Literals in plans are cut to this many characters: a query vector has thousands.
const LITERAL: usize = 40;

/// What a plan touches.
#[derive(Debug, Default, PartialEq)]
struct Touched {
    nodes: Vec<String>,
    indexes: BTreeSet<String>,
    relations: BTreeSet<String>,
    cost: f64,
}

/// What the variant claims of a form's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// The vector index, or none.
    Whole,
    /// The index over the rows that the form's filter selects.
    Partial,
    /// Nothing: with a filter a scan of few rows may be the better way, and without one the whole table has no index where
    /// the indexes are partial. `last` says whether no later form could use a partial index either.
    Nothing { last: bool },
}

impl Claim {
    /// What is claimed of a form with this condition; `last` as in [`Claim::Nothing`].
    pub(super) fn of(design: &Design, condition: Option<&String>, last: bool) -> Self {
        match condition {
            Some(condition) if design.partial.contains(condition) => Self::Partial,
            None if design.partial.is_empty() => Self::Whole,
            _ => Self::Nothing { last },
        }
    }
}

/// Asks for the plan of a statement with a real query, in the settings of a session that searches.
pub(super) async fn explain(
    client: &Client,
    design: &Design,
    statement: &Statement,
    query: Option<Raw>,
    claim: Claim,
    settings: &[(String, String)],
) -> Result<Explained> {
    let doing = "ask for the plan of a search";
    let asked = ask(client, statement, query, settings).await;
    let unheeded = match &asked {
        Ok(_) => honoured::refused(client, design, settings).await,
        Err(_) => Ok(None),
    };
    // Nothing was changed; this ends the transaction on every path, and with it the settings.
    drop(client.batch_execute("ROLLBACK").await);
    let (json, text) = asked.map_err(|error| report::failed(doing, &error))?;
    let touched = touched(&json);
    design.highest_cost.fetch_max(touched.cost.max(0.0).to_bits(), Ordering::Relaxed);
    if design.is_existing() {
        let mut relations = design.relations.lock().unwrap_or_else(PoisonError::into_inner);
        relations.extend(touched.relations.iter().cloned());
    }
    let fail = |error| report::failed(doing, &error);
    let refused = match unheeded.map_err(fail)? {
        None => judge(client, design, &touched, claim).await.map_err(fail)?,
        unheeded => unheeded,
    };
    Ok(Explained { plan: shorten(&text), refused })
}

async fn ask(
    client: &Client,
    statement: &Statement,
    query: Option<Raw>,
    settings: &[(String, String)],
) -> std::result::Result<(Value, String), Error> {
    client.batch_execute("BEGIN").await?;
    if let Some(set) = knobs::set(settings, true) {
        client.batch_execute(&set).await?;
    }
    let query = query.unwrap_or(Raw(None));
    let parameters: Vec<(&(dyn tokio_postgres::types::ToSql + Sync), Type)> =
        statement.parameters.iter().map(|of| (&query as &_, of.clone())).collect();
    let json = format!("EXPLAIN (FORMAT json, VERBOSE) {}", statement.sql);
    let rows = client.query_typed(&json, &parameters).await?;
    let plan = match rows.first() {
        Some(row) => row.try_get::<_, Json>(0)?.0,
        None => Value::Null,
    };
    let text = format!("EXPLAIN {}", statement.sql);
    let rows = client.query_typed(&text, &parameters).await?;
    let lines: std::result::Result<Vec<String>, Error> = rows.iter().map(|row| row.try_get(0)).collect();
    Ok((plan, lines?.join("\n")))
}

/// Why the plan is not what the variant claims.
async fn judge(
    client: &Client,
    design: &Design,
    touched: &Touched,
    claim: Claim,
) -> std::result::Result<Option<String>, Error> {
    let used = methods(client, touched).await?;
    let Some(method) = design.method() else {
        // Nothing is said of the indexes of somebody else's table, and a filtered form may go any way.
        if design.is_existing() || claim != Claim::Whole {
            return Ok(None);
        }
        return Ok(used.first().map(|(index, method)| {
            format!(
                "the variant has no index, and the plan uses `{index}` ({method})\n  Try: describe that index in \
                 the variant, or `search: {{set: {{enable_indexscan: off}}}}`"
            )
        }));
    };
    if used.iter().any(|(_, of)| of == method) {
        design.used_partial.fetch_or(!design.partial.is_empty(), Ordering::Relaxed);
        return Ok(None);
    }
    match claim {
        Claim::Whole | Claim::Partial => Ok(Some(reason(client, design, touched, method).await?)),
        Claim::Nothing { last } => {
            let unused = last && !design.partial.is_empty() && !design.used_partial.load(Ordering::Relaxed);
            Ok(unused.then(|| {
                format!(
                    "The variant has partial indexes ({}), and no form is answered by one\n  Try: give a form such a \
                     filter as `where`, or leave `partial` out",
                    design.partial.join("; ")
                )
            }))
        }
    }
}

/// Indexes of the plan that are over vectors, with their access methods.
async fn methods(client: &Client, touched: &Touched) -> std::result::Result<Vec<(String, String)>, Error> {
    if touched.indexes.is_empty() {
        return Ok(Vec::new());
    }
    let list = |names: &BTreeSet<String>| {
        let names: Vec<String> = names.iter().filter_map(|name| quote::text(name)).collect();
        names.join(", ")
    };
    // Of the tables that the plan touches: an index of the same name may be in another schema.
    let sql = format!(
        "select distinct relname::text, amname::text from pg_index x join pg_class c on c.oid = indexrelid \
         join pg_am a on a.oid = relam \
         where indrelid in (select to_regclass(name) from unnest(array[{}]::text[]) name) and relname in ({}) \
         and amname in ('hnsw', 'ivfflat', 'diskann', 'ruivfflat') order by 1",
        list(&touched.relations),
        list(&touched.indexes)
    );
    let rows = client.query_typed(&sql, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Why the planner did not take an index of this method: there is none, its operator class is another, or a scan seemed cheaper.
async fn reason(
    client: &Client,
    design: &Design,
    touched: &Touched,
    method: &str,
) -> std::result::Result<String, Error> {
    let chosen =
        touched.nodes.iter().rev().find(|node| node.contains("Scan")).map_or("no scan", String::as_str);
    let mut built: Vec<(String, bool)> = Vec::new();
    for relation in &touched.relations {
        let sql = format!(
            "select opcname::text, bool_and(indisvalid) from pg_index x join pg_class c on c.oid = indexrelid \
             join pg_am a on a.oid = relam join pg_opclass o on o.oid = any (indclass) \
             where indrelid = {} and amname = '{method}' group by 1 order by 1",
            regclass(relation)
        );
        for row in client.query_typed(&sql, &[]).await? {
            built.push((row.try_get(0)?, row.try_get(1)?));
        }
    }
    let (wanted, symbol) = (design.class(), design.operators.symbol());
    let head = format!("The planner chose: {chosen}. ");
    if built.is_empty() {
        let help =
            format!("Try: create one, USING {method} (… {wanted}), or describe the index that is there");
        return Ok(format!("{head}No table of the statement has an index {method}\n  {help}"));
    }
    if built.iter().all(|(class, _)| *class != wanted) {
        let class = &built[0].0;
        return Ok(format!(
            "{head}The index was built with {class}, the query orders by {symbol} ({})\n  Try: index: {{{}: {{ops: \
             {wanted}}}}}",
            design.metric,
            design.variant.index.name()
        ));
    }
    if built.iter().any(|(class, valid)| *class == wanted && !valid) {
        return Ok(format!("{head}The index is marked as not valid\n  Try: REINDEX INDEX, or build it anew"));
    }
    design.refused_by_planner.store(true, Ordering::Relaxed);
    let rows = first(client, "select current_setting('random_page_cost')").await?.unwrap_or_default();
    Ok(format!(
        "{head}It seemed cheaper than the index {method}, which fits the query: the table is small, or the costs of the \
         server are of another machine (random_page_cost is {rows})\n  Try: search: {{set: {{enable_seqscan: off}}}}, or \
         random_page_cost: 1.1 on solid-state disks"
    ))
}

fn touched(plan: &Value) -> Touched {
    let mut touched = Touched::default();
    let root = plan.get(0).and_then(|first| first.get("Plan"));
    if let Some(root) = root {
        touched.cost = root.get("Total Cost").and_then(Value::as_f64).unwrap_or(0.0);
        walk(root, &mut touched);
    }
    touched
}

fn walk(node: &Value, touched: &mut Touched) {
    let text = |key: &str| node.get(key).and_then(Value::as_str);
    touched.nodes.extend(text("Node Type").map(str::to_owned));
    touched.indexes.extend(text("Index Name").map(str::to_owned));
    if let Some(name) = text("Relation Name") {
        let schema = text("Schema").map(|schema| format!("{}.", quote::name(schema))).unwrap_or_default();
        touched.relations.insert(format!("{schema}{}", quote::name(name)));
    }
    let children = node.get("Plans").and_then(Value::as_array);
    children.into_iter().flatten().for_each(|child| walk(child, touched));
}

/// The plan with long literals cut.
fn shorten(plan: &str) -> String {
    let mut out = String::with_capacity(plan.len().min(4096));
    for (at, part) in plan.split('\'').enumerate() {
        if at > 0 {
            out.push('\'');
        }
        // Every second part is inside of quotes.
        if at % 2 == 1 && part.chars().count() > LITERAL {
            out.extend(part.chars().take(LITERAL / 2));
            out.push('…');
        } else {
            out.push_str(part);
        }
    }
    out
}

/// A JSON answer.
struct Json(Value);

impl<'a> FromSql<'a> for Json {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(serde_json::from_slice(raw)?))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::JSON
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_walked_to_its_leaves() {
        let plan = serde_json::json!([{"Plan": {"Node Type": "Limit", "Total Cost": 78.56, "Plans": [
            {"Node Type": "Merge Append", "Plans": [
                {"Node Type": "Index Scan", "Index Name": "p0_idx", "Relation Name": "p0", "Schema": "s"},
                {"Node Type": "Seq Scan", "Relation Name": "p1", "Schema": "s"}]}]}}]);
        let touched = touched(&plan);
        assert_eq!(touched.nodes, ["Limit", "Merge Append", "Index Scan", "Seq Scan"]);
        assert_eq!(touched.indexes, BTreeSet::from(["p0_idx".to_owned()]));
        assert_eq!(touched.relations, BTreeSet::from(["\"s\".\"p0\"".to_owned(), "\"s\".\"p1\"".to_owned()]));
        assert_eq!(touched.cost, 78.56);
    }

    #[test]
    fn long_literals_are_cut_and_short_ones_stay() {
        let plan = format!("Order By: (v <=> '[{}]'::vector) Filter: (a = 'x')", "1.5,".repeat(300));
        assert_eq!(shorten(&plan), "Order By: (v <=> '[1.5,1.5,1.5,1.5,1.5…'::vector) Filter: (a = 'x')");
    }
}
