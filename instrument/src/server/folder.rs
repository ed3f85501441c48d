//! The folder for sockets: which one it is, and whether it is safe to use.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use taskscope_proto::place;

use super::ServerError;

/// Permission to write for anybody but the owner.
const OTHERS_WRITE: u32 = 0o022;

/// A folder for sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    path: PathBuf,
    // In a place that everybody can write to: somebody else can have made it, or something in its place, to trick us.
    in_public: bool,
}

impl Folder {
    /// The folder that the user or the system chose for us, made where it is missing.
    pub(super) fn chosen(path: PathBuf) -> Self {
        Self {
            path,
            in_public: false,
        }
    }

    /// The folder that viewers of the user `uid` look into.
    pub(super) fn usual(env: impl Fn(&str) -> Option<std::ffi::OsString>, uid: u32) -> Self {
        let path = place::socket_dir(&env, uid);
        let fallback = place::socket_dir(|name| env(name).filter(|_| name == "TMPDIR"), uid);
        Self {
            in_public: path == fallback,
            path,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it where it is missing, and checks that it can be trusted; `us` is the id of our user.
    pub(super) fn prepare(&self, us: u32) -> Result<(), ServerError> {
        let path = || self.path.clone();
        let failed = |source| ServerError::Folder {
            path: path(),
            source,
        };
        let is_there = fs::symlink_metadata(&self.path).is_ok();
        if !is_there {
            let made = DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.path);
            // Another process of ours can have been faster.
            made.or_else(|e| {
                if e.kind() == io::ErrorKind::AlreadyExists {
                    Ok(())
                } else {
                    Err(e)
                }
            })
            .map_err(failed)?;
        }
        // In public a link is not followed: whoever made it chose where it leads.
        let facts = if self.in_public {
            fs::symlink_metadata(&self.path)
        } else {
            fs::metadata(&self.path)
        };
        let facts = facts.map_err(failed)?;
        if !facts.is_dir() {
            return Err(ServerError::NotAFolder { path: path() });
        }
        if facts.uid() != us {
            return Err(ServerError::NotOurs {
                path: path(),
                owner: facts.uid(),
                us,
            });
        }
        let mode = facts.mode() & 0o7777;
        if self.in_public && mode & OTHERS_WRITE != 0 {
            return Err(ServerError::OpenToOthers { path: path(), mode });
        }
        if !is_there {
            // The process's umask can have taken away what we need ourselves.
            fs::set_permissions(&self.path, Permissions::from_mode(0o700)).map_err(failed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn us() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn public(path: &Path) -> Folder {
        Folder {
            path: path.to_owned(),
            in_public: true,
        }
    }

    #[test]
    fn only_the_fallback_is_in_public() {
        let usual = |vars: &[(&str, &str)]| {
            let lookup = |name: &str| {
                vars.iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, value)| value.into())
            };
            Folder::usual(lookup, 7)
        };
        assert_eq!(usual(&[]), public(Path::new("/tmp/taskscope-7")));
        assert_eq!(
            usual(&[("TMPDIR", "/t")]),
            public(Path::new("/t/taskscope-7"))
        );
        assert_eq!(
            usual(&[("XDG_RUNTIME_DIR", "/run/user/7")]),
            Folder::chosen("/run/user/7/taskscope".into())
        );
        assert_eq!(
            usual(&[("TASKSCOPE_DIR", "/mine"), ("TMPDIR", "/t")]),
            Folder::chosen("/mine".into())
        );
    }

    #[test]
    fn a_missing_folder_is_made_for_us_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a/b");
        for folder in [Folder::chosen(path.clone()), public(&path)] {
            folder
                .prepare(us())
                .expect("it is made, and then it is there");
            let mode = fs::metadata(&path).expect("there").mode() & 0o7777;
            assert_eq!(mode, 0o700);
        }
    }

    #[test]
    fn what_is_no_folder_or_cannot_be_made_is_refused() {
        let root = tempfile::tempdir().expect("a folder");
        let file = root.path().join("file");
        fs::write(&file, "").expect("a file");
        assert!(matches!(
            Folder::chosen(file.clone()).prepare(us()),
            Err(ServerError::NotAFolder { .. })
        ));
        assert!(matches!(
            Folder::chosen(file.join("below")).prepare(us()),
            Err(ServerError::Folder { .. })
        ));
        let error = Folder::chosen("/proc/no/such".into())
            .prepare(us())
            .expect_err("no permission");
        assert!(error.to_string().contains("TASKSCOPE_DIR"), "{error}");
    }

    #[test]
    fn the_folder_of_somebody_else_is_refused() {
        let root = tempfile::tempdir().expect("a folder");
        let found = Folder::chosen(root.path().to_owned()).prepare(us() + 1);
        assert!(matches!(found, Err(ServerError::NotOurs { .. })));
    }

    #[test]
    fn links_and_open_folders_are_refused_in_public_only() {
        let root = tempfile::tempdir().expect("a folder");
        let (open, link) = (root.path().join("open"), root.path().join("link"));
        fs::create_dir(&open).expect("a folder");
        fs::set_permissions(&open, Permissions::from_mode(0o777)).expect("open to all");
        symlink(&open, &link).expect("a link");
        assert!(matches!(
            public(&open).prepare(us()),
            Err(ServerError::OpenToOthers { mode: 0o777, .. })
        ));
        assert!(matches!(
            public(&link).prepare(us()),
            Err(ServerError::NotAFolder { .. })
        ));
        Folder::chosen(open).prepare(us()).expect("the user knows");
        Folder::chosen(link.clone())
            .prepare(us())
            .expect("the user knows");
        fs::remove_dir(root.path().join("open")).expect("removed");
        assert!(
            Folder::chosen(link).prepare(us()).is_err(),
            "a link to nowhere"
        );
    }
}
