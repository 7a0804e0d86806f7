use std::fs;
use std::io;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::process::Invocation;

const LIMITS: Limits = Limits::new(Duration::from_secs(60), 64 * 1024);

/// A host whose `sh` is this shell.
fn host(shell: &str) -> Command {
    Command::new("host", ["sh", "-c", "shift 2; exec \"$0\" -s", shell].map(str::to_owned).to_vec())
}

fn behind(words: &[&str]) -> Command {
    Command::new("host", words.iter().map(|word| (*word).to_owned()).collect())
}

fn all_bytes() -> Vec<u8> {
    (0..=255).cycle().take(60_000).collect()
}

#[test]
fn arguments_and_input_arrive_as_they_are_in_every_shell() {
    let text = r#"printf '%s\n' "$#" "$1" "$2" "[$root]" >&2; cat; exit 7"#;
    let arguments = ["it's $HOME; `id` \\ \"x\"", ""];
    for shell in ["sh", "dash", "bash"] {
        let input = all_bytes();
        let parts = ["# One part.", text];
        let script = Script::new(&parts).arguments(&arguments).input(&input);
        let done = host(shell).run(&script, LIMITS).unwrap();
        assert_eq!((done.status, done.stderr.lines()), (7, &["2", arguments[0], "[]"].map(str::to_owned)[..]));
        assert_eq!(*done.stdout, input, "{shell}");
        // Without input its standard input is at its end; it is not the rest of its text.
        let done = host(shell).run(&Script::new(&["cat; printf end"]), LIMITS).unwrap();
        assert_eq!((done.status, done.stdout.as_slice()), (0, &b"end"[..]), "{shell}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases::cases(40), failure_persistence: None, ..ProptestConfig::default() })]

    // A key that began with `-` was an option of `printf`.
    #[test]
    fn any_input_arrives(input in prop::collection::vec(any::<u8>(), 1..100), first in "[ -/\\\\%']{0,2}") {
        let input = [first.as_bytes(), &input].concat();
        for shell in ["dash", "bash"] {
            let done = host(shell).run(&Script::new(&["cat"]).input(&input), LIMITS).unwrap();
            prop_assert_eq!(&*done.stdout, &input);
            prop_assert!(done.stderr.is_empty());
        }
    }
}

#[test]
fn a_text_that_is_cut_off_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ran");
    let arguments = [file.to_str().unwrap()];
    let script = Script::new(&["f() { : >\"$1\"; }\nf \"$1\"\ncat >&2"]).arguments(&arguments).input(b"some 'input'");
    let text = script.text(None);
    let run = |shell: &str, bytes: &[u8]| Invocation::new(shell).args(["-s"]).run(bytes, LIMITS).unwrap();
    for shell in ["dash", "bash"] {
        // Everywhere near the end, and here and there before.
        for end in (0..text.len() - 1).filter(|end| end % 5 == 0 || end + 80 > text.len()) {
            run(shell, &text[..end]);
            assert!(!file.exists(), "{shell}: {}", String::from_utf8_lossy(&text[..end]));
        }
        // The last byte is a newline, and the shells can do without.
        assert_eq!(run(shell, &text).stderr.as_slice(), b"some 'input'");
        fs::remove_file(&file).expect("it ran");
    }
}

#[test]
fn the_output_is_what_the_script_wrote_and_no_login_shell() {
    let noisy = behind(&["sh", "-c", "echo welcome; echo news >&2; \"$@\"; echo goodbye >&2", "sh"]);
    let done = noisy.run(&Script::new(&["echo one; exit 3"]), LIMITS).unwrap();
    assert_eq!((done.status, done.stdout.as_slice()), (3, &b"one\n"[..]));
    assert_eq!(done.stderr.lines(), ["news", "goodbye"]);
    // What looks like a frame in it is a part of it.
    let frames = "printf '\\nsslscale-end 0\\n'; printf '\\nsslscale-begin\\n'";
    let done = noisy.run(&Script::new(&[frames]), LIMITS).unwrap();
    assert_eq!(done.stdout.as_slice(), b"\nsslscale-end 0\n\nsslscale-begin\n");
}

#[test]
fn only_a_whole_frame_is_a_result() {
    let result = |text: &str| script::result(text.as_bytes()).map(|(out, status)| (out.to_vec(), status));
    assert_eq!(result("\nsslscale-begin\n\nsslscale-end 0\n"), Some((Vec::new(), 0)));
    assert_eq!(result("x\nsslscale-begin\na\n\nsslscale-end 255\n"), Some((b"a\n".to_vec(), 255)));
    for text in [
        "",
        "\nsslscale-begin\n",
        "\nsslscale-end 0\n",
        "\nsslscale-begin\na\nsslscale-end 0",
        "\nsslscale-begin\na\nsslscale-end \n",
        "\nsslscale-begin\na\nsslscale-end 0\nmore\n",
        "\nsslscale-end 0\n\nsslscale-begin\n",
    ] {
        assert_eq!(result(text), None, "{text:?}");
    }
}

#[test]
fn every_way_to_fail_is_told_apart() {
    let fail = |words: &[&str], script: &str, limits: Limits| {
        behind(words).run(&Script::new(&[script]), limits).map(|done| done.status).unwrap_err()
    };
    let error = fail(&["no-such-program"], "", LIMITS);
    assert!(matches!(&error, TransportError::NotStarted { program, .. } if program == "no-such-program"), "{error}");
    assert!(error.stderr().is_empty());
    let error = fail(&["sh", "-c", "echo 'Host key verification failed.' >&2; exit 255"], "", LIMITS);
    assert_eq!(error.to_string(), "the connection to the host was lost (exit code 255)");
    assert_eq!(error.stderr().lines(), ["Host key verification failed."]);
    let error = fail(&["env"], "kill -KILL $$", LIMITS);
    assert_eq!(error.to_string(), "the command that reaches the host ended early (killed by a signal)");
    let short = Limits { time: Duration::from_millis(100), ..LIMITS };
    let error = fail(&["env"], "exec sleep 1000", short);
    assert_eq!(error.to_string(), "no answer within 0.1 s");
    // Each stream has its own limit, which the frame does not take from.
    let narrow = Limits { stdout: 10, stderr: 20, ..LIMITS };
    for (script, bytes) in [("printf 0123456789", 10), ("printf 01234567890123456789 >&2", 0)] {
        assert_eq!(behind(&["env"]).run(&Script::new(&[script]), narrow).unwrap().stdout.len(), bytes);
    }
    for (script, message) in [
        ("printf 01234567890", "the host wrote more than 10 bytes to standard output"),
        ("head -c 100000 /dev/zero", "the host wrote more than 10 bytes to standard output"),
        ("printf 012345678901234567890 >&2", "the host wrote more than 20 bytes to standard error"),
    ] {
        assert_eq!(fail(&["env"], script, narrow).to_string(), message);
    }
    // What a caller expects to be long may be: a live `nginx -T` is.
    let wide = Limits { stdout: 1 << 20, ..LIMITS };
    let long = behind(&["env"]).run(&Script::new(&["head -c 1000000 /dev/zero"]), wide).unwrap();
    assert_eq!(long.stdout.len(), 1_000_000);
    assert_eq!(behind(&["env"]).name(), "host");
    // A script may end with any status.
    assert_eq!(behind(&["env"]).run(&Script::new(&["exit 255"]), LIMITS).unwrap().status, 255);
}

#[test]
fn a_local_host_knows_its_root_and_no_variables() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("it's")).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let local = Local::below(folder.path(), "it's").unwrap();
    assert_eq!(local.name(), "it's");
    let done = local.run(&Script::new(&["printf '%s\\n' \"$root\"; env"]), LIMITS).unwrap();
    let text = String::from_utf8(done.stdout.to_vec()).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(folder.path().join("it's").canonicalize().unwrap().to_str().unwrap()));
    let of_shells = ["PATH", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"];
    let known = |line: &str| of_shells.iter().any(|name| line.starts_with(&format!("{name}=")));
    assert!(lines.clone().all(known) && lines.clone().any(|line| line == "LC_ALL=C"), "{text}");
    for (name, kind) in [("file", io::ErrorKind::NotADirectory), ("none", io::ErrorKind::NotFound)] {
        assert_eq!(Local::below(folder.path(), name).unwrap_err().kind(), kind);
    }
}

#[test]
fn a_directory_that_is_gone_is_not_made_and_nothing_runs_outside_of_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("srv1")).unwrap();
    let local = Local::below(folder.path(), "srv1").unwrap();
    let script = Script::new(&["mkdir -p \"$root/etc\""]);
    assert_eq!(local.run(&script, LIMITS).unwrap().status, 0);
    fs::remove_dir_all(folder.path().join("srv1")).unwrap();
    let error = local.run(&script, LIMITS).unwrap_err();
    assert!(error.stderr().to_string().ends_with("srv1' does not exist"), "{error:?}");
    assert!(!folder.path().join("srv1").exists());
    for root in ["", "xyzzy"] {
        let text = Script::new(&["echo ran >&2"]).text(Some(root));
        let done = Invocation::new("sh").args(["-s"]).run(&text, LIMITS).unwrap();
        assert_eq!((done.status.code(), script::result(&done.stdout)), (Some(69), None));
        assert!(!done.stderr.starts_with(b"ran"));
    }
}

#[test]
fn scripts_find_the_programs_of_the_system_whatever_the_login() {
    let bare = behind(&["env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=de_DE.UTF-8", "CDPATH=/", "IFS=x"]);
    let script = Script::new(&["echo \"$PATH $LC_ALL ${CDPATH-} ${IFS-unset}\""]);
    let done = bare.run(&script, LIMITS).unwrap();
    let text = String::from_utf8(done.stdout.to_vec()).unwrap();
    assert!(text.starts_with("/usr/local/sbin:") && text.ends_with(":/bin C  unset\n"), "{text}");
}

#[test]
fn no_input_is_sent_to_a_shell_that_would_show_it() {
    // A function in the place of the builtin that others lack.
    let without = "command() { echo /usr/bin/printf; }\n";
    let script = Script::new(&["cat"]).input(b"secret");
    let text = [without.as_bytes(), &script.text(None)].concat();
    let done = Invocation::new("sh").args(["-s"]).run(&text, LIMITS).unwrap();
    assert_eq!(script::result(&done.stdout), Some((&b""[..], 69)));
    assert!(String::from_utf8_lossy(&done.stderr).contains("no builtin printf"));
}

#[test]
fn most_of_a_text_is_sent_as_it_is() {
    let script = Script::new(&["cat"]).input(b"Listen 443; # 100%\n");
    assert!(String::from_utf8_lossy(&script.text(None)).contains("printf 'Listen 443; # 100\\045\n' | (\ncat\n)\n"));
}

#[test]
fn a_script_is_shown_without_its_input() {
    let script = Script::new(&["cat"]).arguments(&["a"]).input(b"secret");
    assert_eq!(format!("{script:?}"), "Script { arguments: [\"a\"], input: 6 bytes, .. }");
    assert!(script.has_input() && !Script::new(&[]).has_input());
}
