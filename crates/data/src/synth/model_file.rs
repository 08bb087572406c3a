//! Models in files: JSON, with vectors rounded to what matters.

use std::fs;
use std::path::Path;

use super::model::{MODEL_VERSION, Model};
use crate::error::{DataError, FormatError, mismatch};

impl Model {
    /// Reads a model file and checks that its parts fit together.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let file = path.display().to_string();
        let text = fs::read(path).map_err(|source| DataError::Read { file: file.clone(), source })?;
        Self::from_json(&text).map_err(|problem| problem.in_file(&file))
    }

    /// Reads a model from the content of a file.
    pub fn from_json(text: &[u8]) -> Result<Self, FormatError> {
        let help = "give a model that `annvil data synth` has written";
        let model: Self =
            serde_json::from_slice(text).map_err(|error| FormatError::new(error.to_string(), help))?;
        let problem = model.problem();
        problem.map_or(Ok(model), |problem| Err(FormatError::new(problem, help)))
    }

    /// The content of a model file.
    pub fn to_json(&self) -> Result<String, DataError> {
        let rounded = Self {
            mean: rounded(&self.mean),
            axes: rounded(&self.axes),
            clusters: self
                .clusters
                .iter()
                .map(|cluster| super::Cluster { centre: rounded(&cluster.centre), ..cluster.clone() })
                .collect(),
            ..self.clone()
        };
        serde_json::to_string(&rounded)
            .map_err(|error| mismatch(format!("the model can't be written: {error}"), "fit it again"))
    }

    /// What does not fit together, in words.
    fn problem(&self) -> Option<String> {
        if self.version != MODEL_VERSION {
            return Some(format!("the model has version {}, and this is for {MODEL_VERSION}", self.version));
        }
        let axes = self.spectrum.len();
        let sizes = [
            ("mean", self.mean.len(), self.dim),
            ("axes", self.axes.len(), axes * self.dim),
            ("queries.shift", self.queries.shift.len(), if self.queries.shift.is_empty() { 0 } else { axes }),
        ];
        for (name, found, expected) in sizes {
            if found != expected {
                return Some(format!("`{name}` has {found} numbers and needs {expected}"));
            }
        }
        if self.dim == 0 || axes > self.dim || self.clusters.is_empty() || self.rows == 0 {
            return Some(format!("{axes} axes, {} dimensions, {} clusters", self.dim, self.clusters.len()));
        }
        let Self { texture: t, clusters, .. } = self;
        if clusters.iter().any(|cluster| cluster.centre.len() != axes) {
            return Some(format!("a centre has not as many numbers as there are axes, {axes}"));
        }
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let total = |of: fn(&super::Cluster) -> f64| clusters.iter().map(of).sum::<f64>();
        let right = [t.nesting, t.siblings, t.crossing].into_iter().all(share)
            && clusters.iter().all(|cluster| share(cluster.share) && share(cluster.query_share))
            && total(|cluster| cluster.share) > 0.0
            && total(|cluster| cluster.query_share) > 0.0
            && [t.sharpness, t.jitter, self.queries.spread, self.rest]
                .into_iter()
                .all(|x| (0.0..1e6).contains(&x));
        (!right).then(|| "a share is not between 0 and 1, or a spread is negative".to_owned())
    }
}

/// To five digits of the largest, for a shorter file.
fn rounded(values: &[f32]) -> Vec<f32> {
    let most = values.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    if most == 0.0 {
        return values.to_vec();
    }
    let digits = (4.0 - most.log10().floor()).clamp(0.0, 30.0);
    let unit = 10f64.powf(f64::from(digits));
    values.iter().map(|x| ((f64::from(*x) * unit).round() / unit) as f32).collect()
}
