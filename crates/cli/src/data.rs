//! `annvil data`: sets of vectors, looked at, fetched, converted, cut, made, and their exact answers.

mod bar;
mod convert;
mod get;
mod inspect;
mod ladder;
mod list;
mod set;
mod slice;
mod synth;
#[cfg(feature = "postgres")]
mod table;
mod truth;

use std::process::ExitCode;

use clap::Subcommand;

/// What to do with data sets.
#[derive(Debug, Subcommand)]
pub enum DataVerb {
    /// List the sets in the box and well-known ones that can be fetched.
    List(list::ListFlags),
    /// Fetch a well-known set, an address, or a table of a database, and check it.
    Get(get::GetFlags),
    /// Look at a set: shape, lengths, what is broken, how hard it is to search; ends in findings in words.
    Inspect(inspect::InspectFlags),
    /// Write a set, or a part of it, in another format.
    Convert(convert::ConvertFlags),
    /// Write a sample of a set.
    Slice(slice::SliceFlags),
    /// Compute the exact answers to the queries of a set, also under filters and at the checkpoints of a runbook.
    Truth(truth::TruthFlags),
    /// Make a set: realistic, or like another.
    Synth(synth::SynthFlags),
    /// Make labels of known selectivity for a set, and the filters that select by them.
    Ladder(ladder::LadderFlags),
}

/// Does it.
pub fn data(verb: &DataVerb) -> anyhow::Result<ExitCode> {
    match verb {
        DataVerb::List(flags) => list::list(flags),
        DataVerb::Get(flags) => get::get(flags),
        DataVerb::Inspect(flags) => inspect::inspect(flags),
        DataVerb::Convert(flags) => convert::convert(flags),
        DataVerb::Slice(flags) => slice::slice(flags),
        DataVerb::Truth(flags) => truth::truth(flags),
        DataVerb::Synth(flags) => synth::synth(flags),
        DataVerb::Ladder(flags) => ladder::ladder(flags),
    }
}
