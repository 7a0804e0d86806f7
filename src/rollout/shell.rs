//! Shell functions that scripts of different commands share. Each comment there says what a
//! function does; all are POSIX shell, with the programs of coreutils and util-linux.

/// `lock` and `lock_to_read`.
pub const LOCK: &str = include_str!("shell/lock.sh");
/// `finish`: the result that [`super::change`] reads.
pub const RESULT: &str = include_str!("shell/result.sh");
/// `swap` and `swap_back`.
pub const SWAP: &str = include_str!("shell/swap.sh");
/// `nginx_master`, `nginx_workers` and `nginx_reload`.
pub const NGINX: &str = include_str!("shell/nginx.sh");
