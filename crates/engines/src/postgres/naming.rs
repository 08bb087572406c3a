//! Names of tables: each engine value has one of its own, in this process and in every other.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use annvil_core::scenario::{PostgresSpec, Storage, Variant};

/// Names that engines of this process hold.
static TAKEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A name that nobody else has until it is dropped.
#[derive(Debug)]
pub(super) struct TableName(pub(super) String);

impl TableName {
    /// The table that was asked for, as it is for the first engine that wants it; else a name that says what is in it.
    pub(super) fn claim(spec: &PostgresSpec, variant: &Variant) -> Self {
        let mut taken = taken();
        if let Some(table) = &spec.table
            && taken.insert(table.clone())
        {
            return Self(table.clone());
        }
        let described = || format!("{}_{}", variant.index.name(), column(variant.storage));
        let stem = spec.table.clone().unwrap_or_else(described);
        loop {
            // Numbers of processes repeat: in containers, and on machines that share a database.
            let random = RandomState::new().hash_one(std::process::id()) as u32;
            let name = format!("{stem}_{random:08x}");
            if taken.insert(name.clone()) {
                return Self(name);
            }
        }
    }
}

impl Drop for TableName {
    fn drop(&mut self) {
        taken().remove(&self.0);
    }
}

fn taken() -> MutexGuard<'static, BTreeSet<String>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn column(storage: Storage) -> &'static str {
    match storage {
        Storage::F32 => "vector",
        Storage::F16 => "halfvec",
        Storage::I8 => "bytes",
        Storage::B1 => "bit",
        Storage::Sparsevec => "sparsevec",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_has_a_name_of_its_own() {
        let spec = PostgresSpec { table: Some("naming_test".to_owned()), ..PostgresSpec::default() };
        let (first, second) =
            (TableName::claim(&spec, &Variant::default()), TableName::claim(&spec, &Variant::default()));
        assert_eq!(first.0, "naming_test");
        assert!(second.0.starts_with("naming_test_"), "{}", second.0);
        drop(first);
        assert_eq!(TableName::claim(&spec, &Variant::default()).0, "naming_test");
        let plain = TableName::claim(&PostgresSpec::default(), &Variant::default());
        assert!(plain.0.starts_with("none_vector_"), "{}", plain.0);
    }
}
