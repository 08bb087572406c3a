//! What this binary was built from.

use annvil_core::record::Build;

/// Version, commit, compiler and profile, as left by the build script.
pub fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: env!("BUILT_FROM_COMMIT").to_owned(),
        compiler: env!("BUILT_BY_COMPILER").to_owned(),
        profile: env!("BUILT_IN_PROFILE").to_owned(),
    }
}
