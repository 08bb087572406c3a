//! Inputs to begin with: small files that are right, so that mutations get beyond the first check.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// Writes the seeds of a target into its corpus.
pub(super) fn write(target: &str, corpus: &Path) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", corpus.display());
    fs::create_dir_all(corpus).with_context(failed)?;
    for (number, seed) in seeds(target)?.into_iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number}")), seed).with_context(failed)?;
    }
    Ok(())
}

fn seeds(target: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    Ok(match target {
        "npy" => [("<f4", 4), ("<f2", 2), ("<f8", 8), ("|u1", 1), ("<i8", 8)]
            .into_iter()
            .map(|(kind, size)| npy(kind, 4 * size))
            .collect(),
        "vecs" => {
            vec![words(&[2, 5, 6, 2, 7, 8]), [words(&[2]), vec![1, 2], words(&[2]), vec![3, 4]].concat()]
        }
        "bin" => vec![words(&[2, 2, 5, 6, 7, 8]), [words(&[2, 2]), vec![1, 2, 3, 4]].concat()],
        "csr" => vec![words(&[2, 0, 9, 0, 2, 0, 0, 0, 1, 0, 2, 0, 8, 3, 0, 0])],
        "jsonl" => texts(&[
            "[0.1, 2]\n[3, -4.5e1]\n",
            "{\"id\": 0, \"vector\": [1], \"a\": 1, \"b\": [\"x\"], \"c\": {\"d\": true}, \"text\": \"t\"}\n{\"vector\": [2], \"a\": 2.5, \"text\": \"\"}\n",
        ]),
        "table" => texts(&[
            "id,a,text,vector\n0,true,t,\"[0.1, 2]\"\n1,,u,\"[3, 4]\"\n",
            ",0,1\n0,0.1,2\n1,3,-4.5\n",
            "dim_0;dim_1;tags\n1;2;\"[\"\"x\"\"]\"\n",
            "{1,2}\n{3,4}\n",
        ]),
        "qdrant" => texts(&[
            "{\"query\": [1, 0.5], \"conditions\": {\"and\": [{\"a\": {\"match\": {\"value\": 5}}}, {\"a\": {\"range\": {\"gt\": 1, \"lte\": 2.5}}}]}, \"closest_ids\": [1, 2], \"closest_scores\": [0.9, 0.8]}\n",
            "{\"or\": [{\"t\": {\"match\": {\"value\": \"x\"}}}, {\"t\": {\"match_any\": {\"any\": [\"y\"]}}}]}",
            "{\"and\": [{\"a\": 1}, {\"not\": {\"b\": {\"in\": [1, 2]}}}]}",
        ]),
        "filter" => texts(&[
            "a = 1 and not (b = 'x' or b in ('y', 'z'))",
            "\"odd name\" between -1.5 and 2e3 or t contains 'it''s' and u exists",
            "a not in (1, 2) and b != true",
        ]),
        "manifest" => texts(&[
            "{\"format\": \"annvil data 1\", \"name\": \"s\", \"rows\": 2, \"dim\": 2, \"element\": \"u8\", \"metric\": \"l2\", \"queries\": 0, \"content_hash\": null, \"licence\": null, \"source\": null, \"files\": {\"base\": {\"path\": \"base.npy\", \"bytes\": 132, \"sha256\": \"\"}}}",
            "{\"format\": \"annvil data 1\", \"name\": \"s\", \"rows\": 2, \"dim\": 16, \"element\": \"b1\", \"metric\": \"hamming\", \"queries\": 0, \"content_hash\": null, \"licence\": null, \"source\": null, \"files\": {\"base\": {\"path\": \"base.npy\", \"bytes\": 132, \"sha256\": \"\"}}}",
        ]),
        "scenario" => yaml()?,
        // Containers take a library to write: their targets make their own.
        _ => vec![],
    })
}

/// The shipped scenarios.
fn yaml() -> anyhow::Result<Vec<Vec<u8>>> {
    let mut seeds = vec![];
    for entry in fs::read_dir("scenarios").context("start it in the root of the repository")? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "yaml") {
            seeds.push(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(seeds)
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A 2 × 2 array.
fn npy(kind: &str, bytes: usize) -> Vec<u8> {
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (2, 2), }}");
    let head = format!("{text:<117}\n");
    [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), &vec![1; bytes]].concat()
}
