//! Causes in the index and in the search: more neighbours, more effort, less effort.

use super::common::alone;
use super::{Place, of};

const GRAPH: &str = "
data: {name: wordnet-10k, rows: 2000, queries_limit: 200}
engine: embedded
variants: {hnsw: {index: {hnsw: {m: 8}}, search: {ef_search: 100}}}
phases:
  - verify: {queries: 5, writes: false}
  - search: {k: 10, queries: 2000, warmup: 200}
";

#[test]
fn a_larger_index_and_more_effort_are_told_apart() {
    let _alone = alone();
    let place = Place::of(GRAPH, "");
    let Some(before) = place.measure(&[]) else { return };
    // Both find more of what is right, too. The process grows by the index, which is said once.
    let also = ["recall-traded"];
    let m = ["variants.hnsw.index.hnsw.m=128"];
    let Some(larger) = place.causes(&before, &m, &["index-larger"], &also) else { return };
    let report = place.judged(&before, &larger);
    let sentence = &of(&report, "index-larger").sentence;
    assert!(sentence.contains("more neighbours"), "{sentence}");
    // As slow for another reason: the search tries more.
    let Some(_) = place.causes(&before, &["variants.hnsw.search.ef_search=600"], &[], &also) else { return };
    // Tries less: less right and faster.
    let ef = ["variants.hnsw.search.ef_search=10"];
    let Some(less) = place.causes(&before, &ef, &["recall-traded"], &[]) else { return };
    let report = place.judged(&before, &less);
    assert!(of(&report, "recall-traded").sentence.starts_with("Recall was traded for speed"), "{report:?}");
    // No index was larger before: of one that became smaller there is nothing to say.
    let report = place.judged(&larger, &less);
    assert!(report.causes.iter().all(|cause| cause.name != "index-larger"), "{:?}", report.causes);
}
