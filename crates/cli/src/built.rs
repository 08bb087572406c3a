//! What this binary was built from.

use annvil_core::record::Build;

/// Version, commit, compiler and profile, as left by the build script.
pub fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: env!("ANNVIL_COMMIT").to_owned(),
        compiler: env!("ANNVIL_COMPILER").to_owned(),
        profile: env!("ANNVIL_PROFILE").to_owned(),
    }
}
