//! The templates: built-in ones, and the user's, which replace them file by file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Serialize;
use tera::{Context, Tera};

use super::{PLACEHOLDER, Revised};
use crate::file::{self, ReadError};

/// The built-in templates, by the file name that a user's template has to have.
const BUILT_IN: &[(&str, &str)] = &[
    ("haproxy.cfg.tera", include_str!("../../templates/haproxy.cfg.tera")),
    ("haproxy-names.map.tera", include_str!("../../templates/haproxy-names.map.tera")),
    ("haproxy-servers.cfg.tera", include_str!("../../templates/haproxy-servers.cfg.tera")),
    ("haproxy-others.cfg.tera", include_str!("../../templates/haproxy-others.cfg.tera")),
    ("haproxy-http.cfg.tera", include_str!("../../templates/haproxy-http.cfg.tera")),
    ("haproxy-shield.cfg.tera", include_str!("../../templates/haproxy-shield.cfg.tera")),
    ("haproxy-metrics.cfg.tera", include_str!("../../templates/haproxy-metrics.cfg.tera")),
    ("haproxy-service.conf.tera", include_str!("../../templates/haproxy-service.conf.tera")),
    ("haproxy-state.pl.tera", include_str!("../../templates/haproxy-state.pl.tera")),
    ("nginx.conf.tera", include_str!("../../templates/nginx.conf.tera")),
    ("nginx-acme.conf.tera", include_str!("../../templates/nginx-acme.conf.tera")),
    ("nginx-metrics.conf.tera", include_str!("../../templates/nginx-metrics.conf.tera")),
    ("nginx-headers.conf.tera", include_str!("../../templates/nginx-headers.conf.tera")),
    ("nginx-location.conf.tera", include_str!("../../templates/nginx-location.conf.tera")),
    ("nginx-files.conf.tera", include_str!("../../templates/nginx-files.conf.tera")),
    ("nginx-scripts.conf.tera", include_str!("../../templates/nginx-scripts.conf.tera")),
    ("nginx-log.conf.tera", include_str!("../../templates/nginx-log.conf.tera")),
    ("nginx-modules.conf.tera", include_str!("../../templates/nginx-modules.conf.tera")),
    ("nginx-tls.conf.tera", include_str!("../../templates/nginx-tls.conf.tera")),
    ("nginx-real-ip.conf.tera", include_str!("../../templates/nginx-real-ip.conf.tera")),
    ("nginx-revision.conf.tera", include_str!("../../templates/nginx-revision.conf.tera")),
];

/// The user's templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplatesError {
    /// There is no such directory.
    #[error("the directory of templates `{}` does not exist", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The path leads to something else.
    #[error("the templates cannot be read: `{}` is not a directory", path.display())]
    NotDirectory {
        /// The path.
        path: PathBuf,
    },
    /// The directory cannot be read.
    #[error("could not read templates from `{}`", path.display())]
    Read {
        /// The directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file in it cannot be read.
    #[error("could not read the template `{}`", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: ReadError,
    },
    /// A file in it is not text.
    #[error("the template `{}` is not UTF-8 text", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A file whose name is not that of a built-in template.
    #[error("`{}` is not the name of a built-in template", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// A template cannot be parsed or rendered.
    #[error("{name} cannot be used")]
    Broken {
        /// Its file name.
        name: String,
        /// Where and why.
        #[source]
        source: Box<tera::Error>,
    },
}

impl TemplatesError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Missing { .. } => "check the spelling of the path".to_owned(),
            Self::NotDirectory { .. } => "give the directory that has the templates".to_owned(),
            Self::Read { .. } => "check the permissions of the directory".to_owned(),
            Self::Unread { source: ReadError::Directory, .. } => {
                "rename the directory: a template is a file".to_owned()
            }
            Self::Unread { source, .. } => source.help().to_owned(),
            Self::NotUtf8 { .. } => "save the file as UTF-8".to_owned(),
            Self::Unknown { .. } => format!("rename it to the template that it replaces: {}", names().join(", ")),
            Self::Broken { .. } => "fix the template, or remove it to use the built-in one".to_owned(),
        }
    }
}

fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// The built-in templates, compiled when the first of them is rendered, and never dropped: both take
/// as long as all the rest of a small rendering.
static COMPILED: LazyLock<Tera> = LazyLock::new(|| compile(&[]).expect("tests render every built-in template"));

/// Compiled templates.
pub struct Templates {
    /// `None` for the built-in ones.
    replaced: Option<Tera>,
}

impl Templates {
    /// The built-in templates, replaced by those in `directory`.
    ///
    /// # Errors
    /// A directory or file that cannot be read, a file that replaces no built-in template, or a template
    /// that cannot be parsed.
    pub fn load(directory: Option<&Path>) -> Result<Self, TemplatesError> {
        let compile = |directory| compile(&read(directory)?);
        Ok(Self { replaced: directory.map(compile).transpose()? })
    }

    /// Renders one template with the data of `view`.
    ///
    /// # Errors
    /// The template uses data that `view` does not have.
    pub(super) fn render(&self, name: &str, view: &impl Serialize) -> Result<String, TemplatesError> {
        let broken =
            |source| TemplatesError::Broken { name: format!("the template `{name}`"), source: Box::new(source) };
        let context = Context::from_serialize(&Revised { revision: PLACEHOLDER, view }).map_err(broken)?;
        self.replaced.as_ref().unwrap_or_else(|| &*COMPILED).render(name, &context).map_err(broken)
    }
}

/// The built-in templates with these in the place of those of the same name.
fn compile(replaced: &[(String, String)]) -> Result<Tera, TemplatesError> {
    let text = |name: &str| replaced.iter().find(|(other, _)| other == name).map(|(_, text)| text.as_str());
    let texts = BUILT_IN.iter().map(|(name, built_in)| (*name, text(name).unwrap_or(built_in)));
    let mut tera = Tera::default();
    let broken = |source| TemplatesError::Broken { name: "the templates".to_owned(), source: Box::new(source) };
    tera.add_raw_templates(texts).map_err(broken)?;
    Ok(tera)
}

fn read(directory: &Path) -> Result<Vec<(String, String)>, TemplatesError> {
    let failed = |source: io::Error| {
        let path = directory.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => TemplatesError::Missing { path },
            io::ErrorKind::NotADirectory => TemplatesError::NotDirectory { path },
            _ => TemplatesError::Read { path, source },
        }
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || !name.ends_with(".tera") {
            continue;
        }
        if !names().contains(&name.as_str()) {
            return Err(TemplatesError::Unknown { path });
        }
        let bytes =
            file::read(&path, file::TEXT).map_err(|source| TemplatesError::Unread { path: path.clone(), source })?;
        let text = String::from_utf8(bytes).map_err(|_| TemplatesError::NotUtf8 { path })?;
        found.push((name, text));
    }
    Ok(found)
}
